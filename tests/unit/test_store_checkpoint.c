#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "store_fixture.h"
#include "worker/store_lock.h"

/* --- checkpoints --- */

static void put_big_letter(struct fixture *f, int number)
{
    static char body[1024 * 1024];
    char id[32];
    snprintf(id, sizeof(id), "msg_%d", number);
    struct store_dead_letter letter = { .svix_id = slice_of(id),
                                        .reason = SLICE("big"),
                                        .body = { body, sizeof(body) },
                                        .attempts = 1 };
    fixture_begin(f);
    assert_int_equal(store_bury(f->store, &letter), STATUS_OK);
    fixture_commit(f);
}

static void an_idle_store_empties_the_log(void **state)
{
    struct fixture *f = *state;
    put_big_letter(f, 1);
    assert_true(fixture_log_bytes(f) > 0);
    assert_int_equal(store_maintain(f->store, false), STATUS_OK);
    assert_true(fixture_log_bytes(f) > 0);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    assert_int_equal(fixture_log_bytes(f), 0);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
}

static void a_busy_store_keeps_the_log_bounded(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 60; i++) {
        put_big_letter(f, i);
        assert_int_equal(store_maintain(f->store, false), STATUS_OK);
    }
    assert_true(fixture_log_bytes(f) < 20 * 1024 * 1024);
}

static void a_reader_puts_the_checkpoint_off_and_is_no_error(void **state)
{
    struct fixture *f = *state;
    sqlite3 *reader = NULL;
    assert_int_equal(sqlite3_open(f->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM users", NULL, NULL, NULL),
                     SQLITE_OK);
    for (int i = 0; i < 20; i++) {
        put_big_letter(f, i);
        assert_int_equal(store_maintain(f->store, false), STATUS_OK);
    }
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    assert_true(fixture_log_bytes(f) > 0);
    assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(reader);
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    assert_int_equal(fixture_log_bytes(f), 0);
}

static void closing_without_the_turn_leaves_the_log_for_the_next(void **state)
{
    struct fixture *f = *state;
    struct store_lock other;
    put_big_letter(f, 1);
    assert_int_equal(store_lock_open(f->path, &other), STATUS_OK);
    assert_true(store_lock_try(&other));
    assert_int_equal(store_maintain(f->store, true), STATUS_OK);
    fixture_close_store(f);
    assert_true(fixture_log_bytes(f) > 0);
    store_lock_close(&other);
    fixture_assert_opens(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id FROM dead_letters"), "msg_1;");
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_idle_store_empties_the_log),
        T(a_busy_store_keeps_the_log_bounded),
        T(a_reader_puts_the_checkpoint_off_and_is_no_error),
        T(closing_without_the_turn_leaves_the_log_for_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
