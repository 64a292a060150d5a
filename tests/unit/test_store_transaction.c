#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "store_fixture.h"
#include "worker/catalog.h"
#include "worker/store_sqlite.h"

/* --- savepoints --- */

static void a_savepoint_undoes_one_event_alone(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 1), STATUS_OK);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(fixture_record(f->store, "msg_2", 2), STATUS_OK);
    assert_int_equal(store_rollback_to(f->store), STATUS_OK);
    assert_int_equal(fixture_record(f->store, "msg_3", 3), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(fixture_record(f->store, "msg_4", 4), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id FROM webhook_events ORDER BY 1"),
                        "msg_1;msg_3;msg_4;");
}

static void the_transaction_goes_on_after_bad_data(void **state)
{
    struct fixture *f = *state;
    struct store_ledger_row row = { .svix_id = SLICE("msg_2"), .outcome = STORE_APPLIED };
    struct value values[40] = { { VALUE_NULL, 0, { NULL, 0 } } };
    values[catalog_column_index(fixture_table("users"), "banned")] =
        (struct value){ .kind = VALUE_TEXT, .text = SLICE("perhaps") };
    struct row bad = { .table = fixture_table("users"),
                       .clerk_id = SLICE("user_1"),
                       .values = values,
                       .data = SLICE("{}") };
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 1), STATUS_OK);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(store_record(f->store, &row), STATUS_OK);
    assert_int_equal(store_upsert(f->store, &bad), STATUS_BAD_DATA);
    assert_non_null(strstr(store_why(f->store), "users.banned"));
    assert_int_equal(store_rollback_to(f->store), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id FROM webhook_events"), "msg_1;");
}

static void a_rollback_undoes_everything_and_may_be_repeated(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 1), STATUS_OK);
    store_rollback(f->store);
    store_rollback(f->store);
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 2), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT processed_at FROM webhook_events"), "2;");
}

static void closing_undoes_what_was_not_committed(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_1", 1), STATUS_OK);
    fixture_close_store(f);
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM webhook_events"), "0;");
}

/* --- other programs --- */

static void another_programs_lock_is_unavailable_and_passes(void **state)
{
    struct fixture *f = *state;
    fixture_needs_sqlite(f);
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_begin(f->store), STATUS_UNAVAILABLE);
    assert_non_null(strstr(store_why(f->store), "locked"));
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    fixture_begin(f);
    fixture_commit(f);
}

/* Lets files grow to limit_bytes; 0: as far as they like. Without a signal, write(2) just fails. */
static void limit_files(rlim_t limit_bytes)
{
    struct rlimit limit;
    struct sigaction action = { .sa_handler = SIG_IGN };
    assert_int_equal(sigaction(SIGXFSZ, &action, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit_bytes ? limit_bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_takes_no_more_is_unavailable_and_nothing_is_half_done(void **state)
{
    struct fixture *f = *state;
    fixture_needs_sqlite(f);
    fixture_begin(f);
    for (int i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof(id), "msg_%d", i);
        assert_int_equal(fixture_record(f->store, id, 1), STATUS_OK);
    }
    limit_files(4096);
    assert_int_equal(store_commit(f->store), STATUS_UNAVAILABLE);
    limit_files(0);
    fixture_begin(f);
    assert_int_equal(fixture_record(f->store, "msg_0", 2), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, "SELECT svix_id, processed_at FROM webhook_events"),
                        "msg_0|2;");
    assert_string_equal(fixture_query(f, "PRAGMA integrity_check"), "ok;");
}

static void nothing_is_written_once_sqlite_has_rolled_back_by_itself(void **state)
{
    struct fixture *f = *state;
    fixture_needs_sqlite(f);
    fixture_begin(f);
    assert_int_equal(sqlite3_exec(store_sqlite_of(f->store)->db, "ROLLBACK", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(fixture_record(f->store, "msg_1", 1), STATUS_UNAVAILABLE);
    assert_int_equal(store_savepoint(f->store), STATUS_UNAVAILABLE);
    assert_int_equal(store_commit(f->store), STATUS_UNAVAILABLE);
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM webhook_events"), "0;");
    fixture_begin(f);
    fixture_commit(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_savepoint_undoes_one_event_alone),
        T(the_transaction_goes_on_after_bad_data),
        T(a_rollback_undoes_everything_and_may_be_repeated),
        T(closing_undoes_what_was_not_committed),
        T(another_programs_lock_is_unavailable_and_passes),
        T(a_disk_that_takes_no_more_is_unavailable_and_nothing_is_half_done),
        T(nothing_is_written_once_sqlite_has_rolled_back_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
