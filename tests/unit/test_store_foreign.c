#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/store_lock.h"

/* Databases that are not ours, not whole, or not the one that was opened. */

/* --- a database that is not for us --- */

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "PRAGMA user_version = 7");
    fixture_assert_refused(f, STATUS_FATAL, "schema version 7 is newer than this program's 1");
}

static void an_unknown_older_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "PRAGMA user_version = -3");
    fixture_assert_refused(f, STATUS_FATAL, "no way from schema version -3 to 1");
}

static void another_applications_table_is_never_adopted(void **state)
{
    static const char *const tables[] = { "users", "USERS", "webhook_events", "tombstones" };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "CREATE TABLE %s (x)", tables[i]);
        fixture_exec(f, sql);
        fixture_assert_refused(f, STATUS_FATAL, "is not clerk-sync's");
        assert_string_equal(fixture_query(f, "PRAGMA journal_mode"), "delete;"); /* untouched */
        assert_string_equal(fixture_query(f, "SELECT count(*) FROM sqlite_schema"), "1;");
        snprintf(sql, sizeof(sql), "DROP TABLE %s", tables[i]);
        fixture_exec(f, sql);
    }
}

static void another_applications_other_tables_do_not_matter(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "CREATE TABLE orders (x); INSERT INTO orders VALUES (1)");
    fixture_assert_opens(f);
    assert_string_equal(fixture_query(f, "SELECT x FROM orders"), "1;");
}

static void a_version_without_our_tables_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "PRAGMA user_version = 1; CREATE TABLE orders (x)");
    fixture_assert_refused(f, STATUS_FATAL, "the table users is missing");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    static const char text[] = "Dear Sir or Madam, this is a letter and not a database, and it is "
                               "longer than the header of a database would be, yours sincerely.";
    struct fixture *f = *state;
    fixture_write_file(f->path, 0, text, sizeof(text) - 1);
    fixture_assert_refused(f, STATUS_FATAL, "file is not a database (SQLite code 26)");
}

static void a_corrupt_file_is_refused(void **state)
{
    struct fixture *f = *state;
    static char garbage[64 * 4096];
    fixture_assert_opens(f);
    fixture_close_store(f);
    memset(garbage, 0xaa, sizeof(garbage));
    fixture_write_file(f->path, 4096, garbage, sizeof(garbage));
    fixture_assert_refused(f, STATUS_FATAL, "malformed");
}

static void a_corrupt_page_is_fatal_when_it_is_met(void **state)
{
    struct fixture *f = *state;
    static char garbage[4096];
    fixture_assert_opens(f);
    int64_t offset = 0;
    struct slice number = slice_of(
        fixture_query(f, "SELECT (rootpage - 1) * page_size FROM sqlite_schema, pragma_page_size "
                         "WHERE name = 'tombstones'"));
    number.len--; /* the ';' */
    assert_true(slice_to_i64(number, 4096, 1 << 20, &offset));
    fixture_close_store(f);
    memset(garbage, 0xaa, sizeof(garbage));
    fixture_write_file(f->path, (long)offset, garbage, sizeof(garbage));
    fixture_assert_opens(f);
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, NULL), STATUS_FATAL);
    assert_non_null(strstr(store_why(f->store), "malformed"));
}

/* --- while it is open --- */

static void a_file_that_was_removed_is_fatal(void **state)
{
    struct fixture *f = *state;
    fixture_assert_opens(f);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(store_ping(f->store), STATUS_FATAL);
    assert_int_equal(store_begin(f->store), STATUS_FATAL);
    assert_non_null(strstr(store_why(f->store), "was removed"));
}

static void a_file_that_was_replaced_is_fatal_and_left_alone(void **state)
{
    struct fixture *f = *state;
    char copy[128];
    fixture_assert_opens(f);
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, NULL), STATUS_OK);
    snprintf(copy, sizeof(copy), "%s/copy", f->dir);
    fixture_write_file(copy, 0, "restored", 8);
    assert_int_equal(rename(copy, f->path), 0);
    assert_int_equal(store_begin(f->store), STATUS_FATAL);
    assert_non_null(strstr(store_why(f->store), "was replaced"));
    fixture_close_store(f);
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, 8);
    assert_true(fixture_log_bytes(f) > 0); /* it may be the new file's */
}

static void a_failed_begin_gives_the_turn_away(void **state)
{
    struct fixture *f = *state;
    struct store_lock lock;
    fixture_assert_opens(f);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(store_begin(f->store), STATUS_FATAL);
    assert_int_equal(store_lock_open(f->path, &lock), STATUS_OK);
    assert_true(store_lock_try(&lock));
    store_lock_close(&lock);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_closed, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_newer_schema_is_refused),
        T(an_unknown_older_schema_is_refused),
        T(another_applications_table_is_never_adopted),
        T(another_applications_other_tables_do_not_matter),
        T(a_version_without_our_tables_is_refused),
        T(a_file_that_is_no_database_is_refused),
        T(a_corrupt_file_is_refused),
        T(a_corrupt_page_is_fatal_when_it_is_met),
        T(a_file_that_was_removed_is_fatal),
        T(a_file_that_was_replaced_is_fatal_and_left_alone),
        T(a_failed_begin_gives_the_turn_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
