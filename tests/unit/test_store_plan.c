/* Batches of many events: PostgreSQL looks ahead and writes the rows of one table together, and
 * what comes out is what the events alone would make. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/apply.h"

enum { NOW_MS = 5000, EVENTS_MAX = 200, BODY_MAX = 4096 };

/* The events of one batch, in the order in which they came. */
struct batch {
    struct event events[EVENTS_MAX];
    enum apply_result results[EVENTS_MAX];
    char bodies[EVENTS_MAX][BODY_MAX];
    char svix_ids[EVENTS_MAX][32];
    size_t count;
    int number; /* of the batch, so that no two events have one svix-id */
};

static struct batch batch;

static void begin_batch(void)
{
    batch.count = 0;
    batch.number++;
}

/* ids: separated by spaces; NULL leaves the array out. */
static void append_elements(char *body, const char *array, const char *ids)
{
    struct slice rest = slice_of(ids), word;
    const char *comma = "";
    if (!ids)
        return;
    snprintf(body + strlen(body), BODY_MAX - strlen(body), ",\"%s\":[", array);
    while (slice_next_word(&rest, &word)) {
        snprintf(body + strlen(body), BODY_MAX - strlen(body), "%s{\"id\":\"%.*s\"}", comma,
                 SLICE_ARG(word));
        comma = ",";
    }
    snprintf(body + strlen(body), BODY_MAX - strlen(body), "]");
}

static void add_event(const char *type, const char *id, int64_t at_s, const char *fields)
{
    char *svix_id = batch.svix_ids[batch.count], *body = batch.bodies[batch.count];
    snprintf(svix_id, sizeof(batch.svix_ids[0]), "msg_%d_%zu", batch.number, batch.count);
    snprintf(body, BODY_MAX, "{\"type\":\"%s\",\"timestamp\":%lld,\"data\":{\"id\":\"%s\"%s}}",
             type, (long long)at_s, id, fields);
    struct event_source source = { .svix_id = slice_of(svix_id), .body = slice_of(body) };
    assert_int_equal(STATUS_OK, event_decode(&source, SLICE(""), &batch.events[batch.count]));
    batch.count++;
}

static void add_user(const char *id, int64_t at_s, const char *first_name, const char *emails,
                     const char *phones)
{
    char fields[BODY_MAX / 2];
    snprintf(fields, sizeof(fields), ",\"first_name\":\"%s\"", first_name);
    append_elements(fields, "email_addresses", emails);
    append_elements(fields, "phone_numbers", phones);
    add_event("user.updated", id, at_s, fields);
}

static void apply(struct fixture *f)
{
    assert_int_equal(STATUS_OK,
                     apply_batch(f->store, batch.events, batch.count, NOW_MS, 0, batch.results));
    for (size_t i = 0; i < batch.count; i++)
        event_release(&batch.events[i]);
}

static const char *numbered(const char *prefix, int number)
{
    static char texts[4][32];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof(texts[0]), "%s_%03d", prefix, number);
    return text;
}

/* PostgreSQL took the batch as it came: had it refused it, each event would have come in a
 * savepoint, and so with a transaction number of its own. */
static void assert_nothing_was_refused(struct fixture *f)
{
    if (f->schema[0])
        assert_string_equal(
            fixture_query(f, "SELECT count(DISTINCT xmin::text) FROM webhook_events"), "1;");
}

static void as_many_rows_as_a_batch_has_are_written(void **state)
{
    struct fixture *f = *state;
    begin_batch();
    for (int i = 0; i < EVENTS_MAX; i++)
        add_user(numbered("user", i), 1, numbered("name", i), numbered("idn", i),
                 numbered("phone", i));
    apply(f);
    for (int i = 0; i < EVENTS_MAX; i++)
        assert_int_equal(APPLY_APPLIED, batch.results[i]);
    assert_string_equal(
        fixture_query(f, "SELECT count(*), count(e.id), count(p.id) FROM users u LEFT JOIN "
                         "user_emails e ON e.user_id = u.clerk_id AND substr(e.clerk_id, 5) = "
                         "substr(u.clerk_id, 6) LEFT JOIN user_phones p ON p.user_id = u.clerk_id "
                         "WHERE substr(u.first_name, 6) = substr(u.clerk_id, 6)"),
        "200|200|200;");
}

static void each_row_of_many_has_its_own_guard(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < EVENTS_MAX; i += 3)
        fixture_put_user(f, numbered("user", i), 9000, "newer", "");
    begin_batch();
    for (int i = 0; i < EVENTS_MAX; i++)
        add_user(numbered("user", i), 1, "older", numbered("idn", i), NULL);
    apply(f);
    for (int i = 0; i < EVENTS_MAX; i++)
        assert_int_equal(i % 3 == 0 ? APPLY_STALE : APPLY_APPLIED, batch.results[i]);
    assert_string_equal(fixture_query(f, "SELECT count(*), count(e.id) FROM users u LEFT JOIN "
                                         "user_emails e ON e.user_id = u.clerk_id "
                                         "WHERE first_name = 'newer'"),
                        "67|0;");
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM user_emails"), "133;");
    assert_string_equal(
        fixture_query(f,
                      "SELECT outcome, count(*) FROM webhook_events GROUP BY outcome ORDER BY 1"),
        "applied|133;stale|67;");
}

static void events_of_one_object_in_a_batch_take_effect_in_their_order(void **state)
{
    struct fixture *f = *state;
    begin_batch();
    for (int i = 0; i < 10; i++) {
        add_user(numbered("user", i), 1, "first", "", NULL);
        add_user(numbered("user", i), 3, "third", numbered("kept", i), NULL);
        add_user(numbered("user", i), 2, "second", numbered("gone", i), NULL);
        add_user(numbered("user", i), 3, "last", numbered("kept", i), NULL);
    }
    apply(f);
    for (int i = 0; i < 40; i++)
        assert_int_equal(i % 4 == 2 ? APPLY_STALE : APPLY_APPLIED, batch.results[i]);
    assert_string_equal(fixture_query(f, "SELECT first_name, count(*) FROM users GROUP BY 1"),
                        "last|10;");
    assert_string_equal(
        fixture_query(f, "SELECT substr(clerk_id, 1, 4), event_at, count(*) FROM user_emails "
                         "GROUP BY 1, 2"),
        "kept|3000|10;");
    assert_nothing_was_refused(f);
}

static void an_address_that_moves_within_a_batch_is_its_last_owners(void **state)
{
    struct fixture *f = *state;
    fixture_put_user(f, "user_a", 1, "A", "to_b");
    fixture_put_user(f, "user_c", 1, "C", "to_b2");
    begin_batch();
    add_user("user_b", 5, "B", "to_b to_b2 own", NULL);
    add_user("user_a", 4, "A", "", NULL);
    add_user("user_c", 4, "C", "c", NULL);
    apply(f);
    assert_string_equal(
        fixture_query(f, "SELECT clerk_id, user_id, event_at FROM user_emails ORDER BY 1"),
        "c|user_c|4000;own|user_b|5000;to_b|user_b|5000;to_b2|user_b|5000;");
}

static void an_address_that_is_taken_before_it_is_left_keeps_its_id(void **state)
{
    struct fixture *f = *state;
    char before[64];
    fixture_put_user(f, "user_b", 1, "B", "moves");
    snprintf(before, sizeof(before), "user_a|%s", fixture_query(f, "SELECT id FROM user_emails"));
    begin_batch();
    add_user("user_a", 4, "A", "moves", NULL);
    add_user("user_b", 5, "B", "", NULL);
    apply(f);
    assert_string_equal(fixture_query(f, "SELECT user_id, id FROM user_emails"), before);
}

static void a_new_address_at_two_users_in_a_batch_is_the_newers(void **state)
{
    struct fixture *f = *state;
    begin_batch();
    add_user("user_a", 5, "A", "both a", NULL);
    add_user("user_b", 4, "B", "both b", NULL);
    add_user("user_c", 6, "C", "c", NULL);
    apply(f);
    assert_string_equal(fixture_query(f, "SELECT clerk_id, user_id FROM user_emails ORDER BY 1"),
                        "a|user_a;b|user_b;both|user_a;c|user_c;");
    assert_nothing_was_refused(f);
}

static void a_delete_takes_the_rows_of_a_batch_along(void **state)
{
    struct fixture *f = *state;
    begin_batch();
    for (int i = 0; i < 20; i++)
        add_user(numbered("user", i), 1, "U", numbered("idn", i), NULL);
    for (int i = 0; i < 20; i += 2)
        add_event("user.deleted", numbered("user", i), 2, ",\"deleted\":true");
    apply(f);
    assert_string_equal(fixture_query(f, "SELECT (SELECT count(*) FROM users), (SELECT count(*) "
                                         "FROM user_emails), (SELECT count(*) FROM tombstones)"),
                        "10|10|10;");
}

#define HARD(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HARD(as_many_rows_as_a_batch_has_are_written),
        HARD(each_row_of_many_has_its_own_guard),
        HARD(events_of_one_object_in_a_batch_take_effect_in_their_order),
        HARD(an_address_that_moves_within_a_batch_is_its_last_owners),
        HARD(an_address_that_is_taken_before_it_is_left_keeps_its_id),
        HARD(a_new_address_at_two_users_in_a_batch_is_the_newers),
        HARD(a_delete_takes_the_rows_of_a_batch_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
