/* Dead letters after their burial: found, tried again, dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/apply.h"
#include "worker/dead_filter.h"
#include "worker/dead_show.h"
#include "worker/store_read.h"

#define LEDGER  "SELECT svix_id, outcome FROM webhook_events ORDER BY svix_id"
#define LETTERS "SELECT svix_id FROM dead_letters ORDER BY svix_id"

enum { NOW_MS = 1000000 };

static const char good_body[] = "{\"type\":\"role.created\",\"timestamp\":1788256800044,"
                                "\"data\":{\"id\":\"role_1\",\"key\":\"a\",\"updated_at\":1}}";

static struct event event_of(const char *svix_id, const char *body)
{
    struct event ev;
    struct event_source source = { .svix_id = slice_of(svix_id), .body = slice_of(body) };
    assert_int_equal(STATUS_OK, event_decode(&source, SLICE(""), &ev));
    return ev;
}

/* Applies one event at now_ms; what became of it. */
static enum apply_result apply(struct fixture *f, const char *svix_id, const char *body,
                               int64_t now_ms)
{
    struct event ev = event_of(svix_id, body);
    enum apply_result result = APPLY_RESULT_COUNT;
    assert_int_equal(STATUS_OK, apply_batch(f->store, &ev, 1, now_ms, 0, &result));
    event_release(&ev);
    return result;
}

/* A letter as the worker of an older version might have left it: its body is good by now. */
static void bury_good_one(struct fixture *f, const char *svix_id)
{
    struct store_dead_letter letter = { .svix_id = slice_of(svix_id),
                                        .reason = SLICE("a bug"),
                                        .body = slice_of(good_body),
                                        .attempts = 1,
                                        .failed_at = 5 };
    struct store_ledger_row row = { .svix_id = slice_of(svix_id),
                                    .processed_at = 5,
                                    .outcome = STORE_DEAD };
    fixture_begin(f);
    assert_int_equal(STATUS_OK, store_record(f->store, &row));
    assert_int_equal(STATUS_OK, store_bury(f->store, &letter));
    fixture_commit(f);
}

typedef enum status verb_fn(struct store *store, struct slice svix_id);

static enum status committed(struct fixture *f, verb_fn *fn, const char *svix_id)
{
    fixture_begin(f);
    enum status st = fn(f->store, slice_of(svix_id));
    fixture_commit(f);
    return st;
}

static enum status reopen(struct store *store, struct slice svix_id)
{
    return store_reopen(store, svix_id, NOW_MS);
}

static void a_dead_event_that_comes_again_unasked_is_a_duplicate(void **state)
{
    struct fixture *f = *state;
    bury_good_one(f, "msg_1");
    assert_int_equal(APPLY_DUPLICATE, apply(f, "msg_1", good_body, 9));
    assert_string_equal("msg_1;", fixture_query(f, LETTERS));
}

static void a_reopened_event_is_applied_once_and_its_letter_goes(void **state)
{
    struct fixture *f = *state;
    bury_good_one(f, "msg_1");
    assert_int_equal(STATUS_OK, committed(f, reopen, "msg_1"));
    assert_string_equal("msg_1|retrying;", fixture_query(f, LEDGER));
    assert_string_equal("msg_1;", fixture_query(f, LETTERS)); /* until it is applied */
    assert_int_equal(APPLY_APPLIED, apply(f, "msg_1", good_body, 9));
    assert_string_equal("msg_1|applied;", fixture_query(f, LEDGER));
    assert_string_equal("", fixture_query(f, LETTERS));
    assert_int_equal(APPLY_DUPLICATE, apply(f, "msg_1", good_body, 10));
}

static void a_reopened_poison_is_buried_again(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(APPLY_DEAD, apply(f, "msg_1", "{\"type\":\"x\",\"data\":5}", 5));
    assert_int_equal(STATUS_OK, committed(f, reopen, "msg_1"));
    assert_int_equal(APPLY_DEAD, apply(f, "msg_1", "{\"type\":\"x\",\"data\":5}", 9));
    assert_string_equal("msg_1|dead;", fixture_query(f, LEDGER));
    assert_string_equal("9;", fixture_query(f, "SELECT failed_at FROM dead_letters"));
    assert_int_equal(APPLY_DUPLICATE, apply(f, "msg_1", "{\"type\":\"x\",\"data\":5}", 10));
}

static void a_letter_that_is_not_there_cannot_be_reopened(void **state)
{
    struct fixture *f = *state;
    apply(f, "msg_1", good_body, 5);
    assert_int_equal(STATUS_NOT_FOUND, committed(f, reopen, "msg_1"));
    assert_int_equal(STATUS_NOT_FOUND, committed(f, store_take_retry, "msg_1"));
    assert_int_equal(STATUS_NOT_FOUND, committed(f, store_drop_dead, "msg_1"));
    assert_string_equal("msg_1|applied;", fixture_query(f, LEDGER));
}

static void a_letter_without_its_ledger_row_can_be_reopened(void **state)
{
    struct fixture *f = *state;
    bury_good_one(f, "msg_1");
    fixture_exec(f, "DELETE FROM webhook_events");
    assert_int_equal(STATUS_OK, committed(f, reopen, "msg_1"));
    assert_string_equal("msg_1|retrying;", fixture_query(f, LEDGER));
    assert_int_equal(APPLY_APPLIED, apply(f, "msg_1", good_body, 9));
    assert_string_equal("", fixture_query(f, LETTERS));
}

static void a_mark_is_not_pruned_with_the_age_of_its_event(void **state)
{
    struct fixture *f = *state;
    size_t removed = 0;
    bury_good_one(f, "msg_1");
    assert_int_equal(STATUS_OK, committed(f, reopen, "msg_1"));
    assert_int_equal(STATUS_OK, store_prune(f->store, NOW_MS, 10, &removed));
    assert_int_equal(0, removed);
}

static void a_dropped_letter_takes_its_mark_along(void **state)
{
    struct fixture *f = *state;
    bury_good_one(f, "msg_1");
    assert_int_equal(STATUS_OK, committed(f, reopen, "msg_1"));
    assert_int_equal(STATUS_OK, committed(f, store_drop_dead, "msg_1"));
    assert_string_equal("msg_1|dead;", fixture_query(f, LEDGER));
    assert_int_equal(APPLY_DUPLICATE, apply(f, "msg_1", good_body, 9));
}

static bool collect(void *arg, const struct store_dead_letter *letter)
{
    char *text = arg;
    size_t len = strlen(text);
    snprintf(text + len, FIXTURE_TEXT_MAX - len, "%.*s;", SLICE_ARG(letter->svix_id));
    return strcmp(text, "msg_a;msg_c;msg_b;") != 0; /* ends there */
}

static void letters_come_in_the_order_in_which_they_failed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *id;
        int64_t at;
    } rows[] = { { "msg_b", 7 }, { "msg_a", 5 }, { "msg_e", 9 }, { "msg_c", 5 }, { "msg_d", 8 } };
    const struct store_dead_place start = { 0 }, later = { 5, SLICE("msg_a") };
    char all[FIXTURE_TEXT_MAX] = "", some[FIXTURE_TEXT_MAX] = "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        apply(f, rows[i].id, "no json", rows[i].at);
    assert_int_equal(STATUS_OK, store_each_dead_letter(f->store, &start, 9, collect, all));
    assert_string_equal("msg_a;msg_c;msg_b;", all);
    assert_int_equal(STATUS_OK, store_each_dead_letter(f->store, &later, 8, collect, some));
    assert_string_equal("msg_c;msg_b;msg_d;", some);
    assert_int_equal(STATUS_NOT_FOUND,
                     store_one_dead_letter(f->store, SLICE("msg_x"), collect, some));
}

static void a_filter_means_what_it_says(void **state)
{
    const struct store_dead_letter letter = { .svix_id = SLICE("msg_1"),
                                              .type = SLICE("user.created"),
                                              .reason = SLICE("the database refused it: x"),
                                              .failed_at = NOW_MS - 5000 };
    static const struct {
        struct dead_filter filter;
        bool matches;
    } rows[] = {
        { { 0 }, true },
        { { .type = "user.created" }, true },
        { { .type = "user.*" }, true },
        { { .type = "user" }, false },
        { { .reason = "Database REFUSED" }, true },
        { { .reason = "x" }, true },
        { { .reason = "refused it: xy" }, false },
        { { .older_ms = 5000 }, true },
        { { .older_ms = 5001 }, false },
        { { .newer_ms = 5000 }, true },
        { { .newer_ms = 4999 }, false },
        { { .type = "user.*", .reason = "no such" }, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rows[i].matches, dead_filter_matches(&rows[i].filter, &letter, NOW_MS));
        assert_int_equal(i > 0, dead_filter_is_set(&rows[i].filter));
    }
}

static void an_export_has_an_event_on_each_line_and_leaves_out_what_is_no_json(void **state)
{
    struct fixture *f = *state;
    char text[FIXTURE_TEXT_MAX] = "";
    const struct dead_filter filter = { 0 };
    FILE *out = fmemopen(text, sizeof text, "w");
    struct dead_view view = { .store = f->store, .filter = &filter, .now_ms = 9, .out = out };
    int64_t total = 0, left_out = 0;
    assert_non_null(out);
    apply(f, "msg_1", "\n{\"type\":\r\n5,\"data\":\"b c\"}\n", 5);
    apply(f, "msg_2", "{\"type\":01}", 6);
    apply(f, "msg_3", "no json", 7);
    apply(f, "msg_4", "[1]", 8);
    assert_int_equal(STATUS_OK, dead_show_export(&view, &total, &left_out));
    fclose(out);
    assert_string_equal("{\"type\":  5,\"data\":\"b c\"}\n[1]\n", text);
    assert_int_equal(2, total);
    assert_int_equal(2, left_out);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_dead_event_that_comes_again_unasked_is_a_duplicate),
        T(a_reopened_event_is_applied_once_and_its_letter_goes),
        T(a_reopened_poison_is_buried_again),
        T(a_letter_that_is_not_there_cannot_be_reopened),
        T(a_letter_without_its_ledger_row_can_be_reopened),
        T(a_mark_is_not_pruned_with_the_age_of_its_event),
        T(a_dropped_letter_takes_its_mark_along),
        T(letters_come_in_the_order_in_which_they_failed),
        cmocka_unit_test(a_filter_means_what_it_says),
        T(an_export_has_an_event_on_each_line_and_leaves_out_what_is_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
