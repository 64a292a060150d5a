/* Batches against a real SQLite file: what is committed, what is buried, what is undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "worker/apply.h"

enum { NOW_MS = 1788256900 };

struct bench {
    char folder[64];
    char url[128];
    struct store *store;
    sqlite3 *reader;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    char why[STORE_ERROR_MAX];
    snprintf(b->folder, sizeof b->folder, "/tmp/clerk-apply-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->url, sizeof b->url, "sqlite:%s/a.db", b->folder);
    struct store_conf conf = { .url = b->url };
    assert_int_equal(STATUS_OK, store_open(&conf, &b->store, why));
    assert_int_equal(SQLITE_OK, sqlite3_open(b->url + strlen("sqlite:"), &b->reader));
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    char command[128];
    store_close(b->store);
    sqlite3_close(b->reader);
    snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    int failed = system(command);
    free(b);
    return failed;
}

/* The one number that a query gives. */
static int number(const struct bench *b, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(b->reader, sql, -1, &stmt, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
    int n = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static struct event decode(const char *svix_id, const char *body)
{
    struct event ev;
    struct event_source source = { .svix_id = slice_of(svix_id),
                                   .body = slice_of(body),
                                   .received_ms = 5 };
    assert_int_equal(STATUS_OK, event_decode(&source, SLICE(""), &ev));
    return ev;
}

static void run(const struct bench *b, struct event *events, size_t count,
                enum apply_result *results)
{
    assert_int_equal(STATUS_OK, apply_batch(b->store, events, count, NOW_MS, 0, results));
    for (size_t i = 0; i < count; i++)
        event_release(&events[i]);
}

static const char created[] =
    "{\"type\":\"role.created\",\"timestamp\":1788256800044,\"data\":{\"id\":\"role_1\","
    "\"key\":\"org:a\",\"name\":\"A\",\"created_at\":1,\"updated_at\":1}}";
static const char older[] =
    "{\"type\":\"role.updated\",\"timestamp\":1788256800043,\"data\":{\"id\":\"role_1\","
    "\"key\":\"org:a\",\"name\":\"old\",\"created_at\":1,\"updated_at\":1}}";

static void an_event_is_applied_once_however_often_it_comes(void **state)
{
    struct bench *b = *state;
    struct event events[] = { decode("msg_1", created), decode("msg_1", created) };
    enum apply_result results[2];
    run(b, events, 2, results);
    assert_int_equal(APPLY_APPLIED, results[0]);
    assert_int_equal(APPLY_DUPLICATE, results[1]);
    assert_int_equal(1, number(b, "SELECT count(*) FROM webhook_events WHERE outcome = 'applied'"));
}

static void an_older_event_is_recorded_as_stale(void **state)
{
    struct bench *b = *state;
    struct event events[] = { decode("msg_1", created), decode("msg_2", older) };
    enum apply_result results[2];
    run(b, events, 2, results);
    assert_int_equal(APPLY_STALE, results[1]);
    assert_int_equal(1, number(b, "SELECT count(*) FROM roles WHERE name = 'A'"));
    assert_int_equal(
        1,
        number(
            b,
            "SELECT count(*) FROM webhook_events WHERE svix_id = 'msg_2' AND outcome = 'stale'"));
}

static void what_cannot_be_applied_is_buried_with_its_body(void **state)
{
    struct bench *b = *state;
    struct event events[] = { decode("msg_1", "{\"type\":\"role.created\",\"data\":{}}"),
                              decode("msg_2", created) };
    enum apply_result results[2];
    run(b, events, 2, results);
    assert_int_equal(APPLY_DEAD, results[0]);
    assert_int_equal(APPLY_APPLIED, results[1]);
    assert_int_equal(
        1, number(b, "SELECT count(*) FROM dead_letters WHERE svix_id = 'msg_1' AND attempts = 1 "
                     "AND reason <> '' "
                     "AND CAST(body AS TEXT) = '{\"type\":\"role.created\",\"data\":{}}'"));
    assert_int_equal(
        1,
        number(b,
               "SELECT count(*) FROM webhook_events WHERE svix_id = 'msg_1' AND outcome = 'dead'"));
}

static void svix_test_message_is_ignored(void **state)
{
    struct bench *b = *state;
    struct event events[] = { decode("msg_1", "{\"success\": true}") };
    enum apply_result results[1];
    run(b, events, 1, results);
    assert_int_equal(APPLY_IGNORED, results[0]);
    assert_int_equal(0, number(b, "SELECT count(*) FROM dead_letters"));
}

static void an_event_that_the_database_refuses_is_buried_alone(void **state)
{
    struct bench *b = *state;
    const char *sql = "CREATE TRIGGER refuse BEFORE INSERT ON roles WHEN new.clerk_id = 'role_1' "
                      "BEGIN SELECT RAISE(ABORT, 'not this one'); END";
    assert_int_equal(SQLITE_OK, sqlite3_exec(b->reader, sql, NULL, NULL, NULL));
    struct event events[] = {
        decode("msg_1", "{\"type\":\"role.created\",\"timestamp\":1788256800044,\"data\":{\"id\":"
                        "\"role_0\",\"key\":\"k\"}}"),
        decode("msg_2", created),
        decode("msg_3", "{\"type\":\"role.created\",\"timestamp\":1788256800044,\"data\":{\"id\":"
                        "\"role_2\",\"key\":\"k\"}}"),
    };
    enum apply_result results[3];
    run(b, events, 3, results);
    assert_int_equal(APPLY_APPLIED, results[0]);
    assert_int_equal(APPLY_DEAD, results[1]);
    assert_int_equal(APPLY_APPLIED, results[2]);
    assert_int_equal(2, number(b, "SELECT count(*) FROM roles"));
    assert_int_equal(1, number(b, "SELECT count(*) FROM dead_letters WHERE svix_id = 'msg_2' AND "
                                  "reason LIKE '%not this one%'"));
    assert_int_equal(3, number(b, "SELECT count(*) FROM webhook_events"));
}

static void a_locked_database_changes_nothing_and_buries_nothing(void **state)
{
    struct bench *b = *state;
    struct event events[] = { decode("msg_1", created) };
    enum apply_result results[1];
    assert_int_equal(SQLITE_OK, sqlite3_exec(b->reader, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    assert_int_equal(STATUS_UNAVAILABLE, apply_batch(b->store, events, 1, NOW_MS, 0, results));
    assert_int_equal(SQLITE_OK, sqlite3_exec(b->reader, "ROLLBACK", NULL, NULL, NULL));
    run(b, events, 1, results);
    assert_int_equal(APPLY_APPLIED, results[0]);
    assert_int_equal(0, number(b, "SELECT count(*) FROM dead_letters"));
}

static void lonely_attempts_are_counted_and_forgotten_after_success(void **state)
{
    struct bench *b = *state;
    int64_t count = 0;
    enum apply_result results[1];
    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_1"), &count));
    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_1"), &count));
    assert_int_equal(2, count);
    struct event ev = decode("msg_1", created);
    assert_int_equal(STATUS_OK, apply_batch(b->store, &ev, 1, NOW_MS, count, results));
    event_release(&ev);
    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_1"), &count));
    assert_int_equal(1, count);
}

static void lonely_attempts_are_forgotten_when_the_event_is_not_to_blame(void **state)
{
    struct bench *b = *state;
    int64_t count = 0;

    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_1"), &count));
    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_2"), &count));
    assert_int_equal(STATUS_OK, apply_attempt_forget(b->store, SLICE("msg_1")));
    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_1"), &count));
    assert_int_equal(1, count);
    assert_int_equal(STATUS_OK, apply_attempt(b->store, SLICE("msg_2"), &count));
    assert_int_equal(2, count);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_event_is_applied_once_however_often_it_comes),
        CASE(an_older_event_is_recorded_as_stale),
        CASE(what_cannot_be_applied_is_buried_with_its_body),
        CASE(svix_test_message_is_ignored),
        CASE(an_event_that_the_database_refuses_is_buried_alone),
        CASE(a_locked_database_changes_nothing_and_buries_nothing),
        CASE(lonely_attempts_are_counted_and_forgotten_after_success),
        CASE(lonely_attempts_are_forgotten_when_the_event_is_not_to_blame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
