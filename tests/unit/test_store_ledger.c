#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"

static const char LEDGER[] = "SELECT svix_id, type, clerk_id, instance_id, event_at, received_at, "
                             "processed_at, outcome FROM webhook_events ORDER BY 1";

static void an_event_is_recorded_with_all_it_has(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 30), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, LEDGER),
                        "msg_1|user.created|user_1|ins_1|10|20|30|applied;");
}

static void what_an_event_does_not_have_is_null(void **state)
{
    struct fixture *f = *state;
    struct store_ledger_row row = { .svix_id = SLICE("msg_1"),
                                    .processed_at = 30,
                                    .outcome = STORE_IGNORED };
    fixture_begin(f);
    assert_int_equal(store_record(f->store, &row), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, LEDGER), "msg_1|-|-|-|-|-|30|ignored;");
}

static void a_second_record_is_a_duplicate_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 30), STATUS_OK);
    assert_int_equal(fixture_record(f->store, "msg_1", 31), STATUS_DUPLICATE);
    fixture_commit(f);
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 32), STATUS_DUPLICATE);
    assert_int_equal(fixture_record(f->store, "MSG_1", 33), STATUS_OK); /* ids differ in case */
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id, processed_at FROM webhook_events"),
                        "msg_1|30;MSG_1|33;");
}

static void every_outcome_can_be_set(void **state)
{
    static const struct {
        enum store_outcome outcome;
        const char *name;
    } cases[] = {
        { STORE_APPLIED, "applied" },
        { STORE_STALE, "stale" },
        { STORE_IGNORED, "ignored" },
        { STORE_DEAD, "dead" },
    };
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 30), STATUS_OK);
    fixture_commit(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "%s;", cases[i].name);
        assert_string_equal(store_outcome_name(cases[i].outcome), cases[i].name);
        fixture_begin(f);
        assert_int_equal(store_set_outcome(f->store, SLICE("msg_1"), cases[i].outcome), STATUS_OK);
        fixture_commit(f);
        assert_string_equal(fixture_query(f, "SELECT outcome FROM webhook_events"), expected);
    }
}

static void an_outcome_needs_a_ledger_row(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(store_set_outcome(f->store, SLICE("msg_1"), STORE_DEAD), STATUS_NOT_FOUND);
    fixture_commit(f);
}

/* --- dead letters --- */

static const char NASTY[] = "{\"a\":\"\xff\xfe\0\xc0\x80\"}\r\n";

static struct store_dead_letter letter_with(struct slice body)
{
    return (struct store_dead_letter){ .svix_id = SLICE("msg_1"),
                                       .type = SLICE("user.created"),
                                       .reason = SLICE("not UTF-8"),
                                       .body = body,
                                       .attempts = 1,
                                       .received_at = 20,
                                       .failed_at = 30 };
}

static void a_dead_letter_keeps_the_exact_bytes(void **state)
{
    struct fixture *f = *state;
    struct store_dead_letter letter = letter_with((struct slice){ NASTY, sizeof(NASTY) - 1 });
    char expected[128];
    size_t used = 0;
    for (size_t i = 0; i < letter.body.len; i++)
        used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%02X",
                                 (unsigned char)letter.body.ptr[i]);
    snprintf(expected + used, sizeof(expected) - used, ";");
    fixture_begin(f);
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, f->schema[0]
                                             ? "SELECT upper(encode(body, 'hex')) FROM dead_letters"
                                             : "SELECT hex(body) FROM dead_letters"),
                        expected);
}

static void an_empty_body_is_kept_as_such(void **state)
{
    struct fixture *f = *state;
    struct store_dead_letter letter = letter_with((struct slice){ NULL, 0 });
    fixture_begin(f);
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT length(body) FROM dead_letters"), "0;");
}

static void a_later_dead_letter_replaces_the_first(void **state)
{
    struct fixture *f = *state;
    struct store_dead_letter letter = letter_with(SLICE("{}"));
    fixture_begin(f);
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    letter.reason = SLICE("killed the process");
    letter.attempts = 3;
    letter.failed_at = 40;
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id, type, reason, attempts, "
                                         "CAST(length(body) AS TEXT), received_at, failed_at "
                                         "FROM dead_letters"),
                        "msg_1|user.created|killed the process|3|2|20|40;");
}

/* --- attempts --- */

static void attempts_are_counted_each_for_its_event_until_done(void **state)
{
    struct fixture *f = *state;
    int64_t count = 0;
    for (int64_t i = 1; i <= 3; i++) {
        fixture_begin(f);
        assert_int_equal(store_attempt(f->store, SLICE("msg_1"), &count), STATUS_OK);
        assert_int_equal(count, i);
        fixture_commit(f);
    }
    fixture_begin(f);
    assert_int_equal(store_attempt(f->store, SLICE("msg_2"), &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(store_attempt_done(f->store, SLICE("msg_1")), STATUS_OK);
    assert_int_equal(store_attempt_done(f->store, SLICE("msg_1")), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id, count FROM worker_attempts"), "msg_2|1;");
}

/* --- pruning --- */

static void pruning_removes_the_oldest_first_and_no_more_than_the_limit(void **state)
{
    struct fixture *f = *state;
    size_t removed = 99;
    fixture_begin(f);
    for (int i = 9; i >= 0; i--) {
        char id[16];
        snprintf(id, sizeof(id), "msg_%d", i);
        assert_int_equal(fixture_record(f->store, id, 100 + i), STATUS_OK);
    }
    fixture_commit(f);
    assert_int_equal(store_prune(f->store, 105, 3, &removed), STATUS_OK);
    assert_int_equal(removed, 3);
    assert_string_equal(fixture_query(f, "SELECT min(processed_at), count(*) FROM webhook_events"),
                        "103|7;");
    assert_int_equal(store_prune(f->store, 105, 100, &removed), STATUS_OK);
    assert_int_equal(removed, 2);
    assert_int_equal(store_prune(f->store, 105, 100, &removed), STATUS_OK);
    assert_int_equal(removed, 0);
    assert_string_equal(fixture_query(f, "SELECT min(processed_at), count(*) FROM webhook_events"),
                        "105|5;");
}

static void pruning_finds_its_rows_by_index(void **state)
{
    struct fixture *f = *state;
    fixture_needs_sqlite(f);
    const char *plan = fixture_query(f, "EXPLAIN QUERY PLAN SELECT rowid FROM webhook_events "
                                        "WHERE processed_at < 5 ORDER BY processed_at LIMIT 5");
    assert_non_null(strstr(plan, "webhook_events_processed_at"));
}

static void signs_of_an_empty_database_are_zero(void **state)
{
    struct fixture *f = *state;
    struct store_signs signs = { 7, 7 };
    assert_int_equal(store_signs(f->store, &signs), STATUS_OK);
    assert_int_equal(signs.dead_letters, 0);
    assert_int_equal(signs.last_event_ms, 0);
}

static void signs_show_dead_letters_and_when_the_last_event_came(void **state)
{
    struct fixture *f = *state;
    struct store_signs signs;
    const struct store_dead_letter letter = {
        .svix_id = SLICE("msg_1"), .reason = SLICE("no id"), .attempts = 1, .failed_at = 30
    };
    const struct store_ledger_row later = {
        .svix_id = SLICE("msg_3"), .received_at = 25, .processed_at = 90, .outcome = STORE_IGNORED
    };
    fixture_begin(f);
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    assert_int_equal(fixture_record(f->store, "msg_2", 80), STATUS_OK);
    assert_int_equal(store_record(f->store, &later), STATUS_OK);
    fixture_commit(f);
    assert_int_equal(store_signs(f->store, &signs), STATUS_OK);
    assert_int_equal(signs.dead_letters, 1);
    assert_int_equal(signs.last_event_ms, 25);
}

static void signs_take_the_time_of_processing_where_no_other_is_known(void **state)
{
    struct fixture *f = *state;
    struct store_signs signs;
    const struct store_ledger_row row = { .svix_id = SLICE("msg_1"),
                                          .processed_at = 30,
                                          .outcome = STORE_IGNORED };
    fixture_begin(f);
    assert_int_equal(store_record(f->store, &row), STATUS_OK);
    fixture_commit(f);
    assert_int_equal(store_signs(f->store, &signs), STATUS_OK);
    assert_int_equal(signs.last_event_ms, 30);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_event_is_recorded_with_all_it_has),
        T(what_an_event_does_not_have_is_null),
        T(a_second_record_is_a_duplicate_and_changes_nothing),
        T(every_outcome_can_be_set),
        T(an_outcome_needs_a_ledger_row),
        T(a_dead_letter_keeps_the_exact_bytes),
        T(an_empty_body_is_kept_as_such),
        T(a_later_dead_letter_replaces_the_first),
        T(attempts_are_counted_each_for_its_event_until_done),
        T(pruning_removes_the_oldest_first_and_no_more_than_the_limit),
        T(pruning_finds_its_rows_by_index),
        T(signs_of_an_empty_database_are_zero),
        T(signs_show_dead_letters_and_when_the_last_event_came),
        T(signs_take_the_time_of_processing_where_no_other_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
