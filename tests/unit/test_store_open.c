#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "store_fixture.h"
#include "worker/catalog.h"
#include "worker/store_sqlite.h"

static void assert_opens(struct fixture *f)
{
    enum status st = fixture_open(f, STORE_DELETE_HARD);
    if (st != STATUS_OK)
        fail_msg("store_open: %s: %s", status_name(st), f->why);
}

static void reopen(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    assert_opens(f);
}

static void assert_refused(struct fixture *f, enum status expected, const char *why)
{
    assert_int_equal(fixture_open(f, STORE_DELETE_HARD), expected);
    assert_null(f->store);
    if (!strstr(f->why, why))
        fail_msg("\"%s\" does not say \"%s\"", f->why, why);
    assert_null(strchr(f->why, '\n'));
}

static void write_file(const char *path, long offset, const char *bytes, size_t len)
{
    FILE *file = fopen(path, offset ? "r+" : "w");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* --- a new database --- */

static void a_new_database_has_every_table_and_all_are_strict(void **state)
{
    struct fixture *f = *state;
    char expected[32];
    assert_opens(f);
    snprintf(expected, sizeof(expected), "%zu|1;", catalog_table_count + sql_own_table_count);
    assert_string_equal(
        fixture_query(f, "SELECT count(*), min(strict) FROM pragma_table_list "
                         "WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'"),
        expected);
}

static void a_new_database_is_at_this_programs_schema_version(void **state)
{
    struct fixture *f = *state;
    assert_opens(f);
    assert_string_equal(fixture_query(f, "PRAGMA user_version"), "1;");
}

static void what_is_joined_and_searched_by_has_an_index(void **state)
{
    static const char *const indexes[] = { "users_email",
                                           "user_emails_user_id",
                                           "sessions_user_id",
                                           "organization_memberships_user_id",
                                           "organization_memberships_organization_id",
                                           "subscriptions_user_id" };
    struct fixture *f = *state;
    assert_opens(f);
    for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
        char sql[160];
        snprintf(sql, sizeof(sql),
                 "SELECT sql LIKE 'CREATE INDEX%%' FROM sqlite_schema WHERE name = '%s'",
                 indexes[i]);
        assert_string_equal(fixture_query(f, sql), "1;");
    }
}

static void new_files_are_private_whatever_the_umask(void **state)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
    struct fixture *f = *state;
    mode_t before = umask(0);
    assert_opens(f);
    (void)umask(before);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static void the_connection_is_durable_and_never_checkpoints_by_itself(void **state)
{
    static const struct {
        const char *sql, *answer;
    } cases[] = {
        { "PRAGMA journal_mode", "wal" },
        { "PRAGMA synchronous", "2" },
        { "PRAGMA wal_autocheckpoint", "0" },
        { "PRAGMA foreign_keys", "0" },
    };
    struct fixture *f = *state;
    assert_opens(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(sqlite3_prepare_v2(f->store->db, cases[i].sql, -1, &stmt, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(stmt, 0), cases[i].answer);
        sqlite3_finalize(stmt);
    }
}

static void an_empty_file_becomes_a_database(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, 0, "", 0);
    assert_opens(f);
}

static void opening_again_keeps_what_is_there(void **state)
{
    struct fixture *f = *state;
    assert_opens(f);
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, NULL), STATUS_OK);
    reopen(f);
    assert_string_equal(fixture_query(f, "SELECT clerk_id FROM users"), "user_1;");
    assert_int_equal(store_ping(f->store), STATUS_OK);
}

static void a_clean_close_leaves_no_log_behind(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s-wal", f->path);
    assert_opens(f);
    assert_int_equal(stat(path, &st), 0);
    store_close(f->store);
    f->store = NULL;
    assert_int_not_equal(stat(path, &st), 0);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    store_close(NULL);
}

/* --- a database that is not for us --- */

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "PRAGMA user_version = 7");
    assert_refused(f, STATUS_FATAL, "schema version 7 is newer than this program's 1");
}

static void an_unknown_older_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "PRAGMA user_version = -3");
    assert_refused(f, STATUS_FATAL, "no way from schema version -3 to 1");
}

static void another_applications_table_is_never_adopted(void **state)
{
    static const char *const tables[] = { "users", "USERS", "webhook_events", "tombstones" };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        char sql[64];
        snprintf(sql, sizeof(sql), "CREATE TABLE %s (x)", tables[i]);
        fixture_exec(f, sql);
        assert_refused(f, STATUS_FATAL, "is not clerk-sync's");
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
    assert_opens(f);
    assert_string_equal(fixture_query(f, "SELECT x FROM orders"), "1;");
}

static void a_version_without_our_tables_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_exec(f, "PRAGMA user_version = 1; CREATE TABLE orders (x)");
    assert_refused(f, STATUS_FATAL, "the table users is missing");
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    static const char text[] = "Dear Sir or Madam, this is a letter and not a database, and it is "
                               "longer than the header of a database would be, yours sincerely.";
    struct fixture *f = *state;
    write_file(f->path, 0, text, sizeof(text) - 1);
    assert_refused(f, STATUS_FATAL, "file is not a database (SQLite code 26)");
}

static void a_corrupt_file_is_refused(void **state)
{
    struct fixture *f = *state;
    static char garbage[64 * 4096];
    assert_opens(f);
    store_close(f->store);
    f->store = NULL;
    memset(garbage, 0xaa, sizeof(garbage));
    write_file(f->path, 4096, garbage, sizeof(garbage));
    assert_refused(f, STATUS_FATAL, "malformed");
}

static void a_corrupt_page_is_fatal_when_it_is_met(void **state)
{
    struct fixture *f = *state;
    static char garbage[4096];
    assert_opens(f);
    int64_t offset = 0;
    struct slice number = slice_of(fixture_query(
        f, "SELECT (rootpage - 1) * 4096 FROM sqlite_schema WHERE name = 'tombstones'"));
    number.len--; /* the ';' */
    assert_true(slice_to_i64(number, 4096, 1 << 20, &offset));
    store_close(f->store);
    f->store = NULL;
    memset(garbage, 0xaa, sizeof(garbage));
    write_file(f->path, (long)offset, garbage, sizeof(garbage));
    assert_opens(f);
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, NULL), STATUS_FATAL);
    assert_non_null(strstr(store_why(f->store), "malformed"));
}

/* --- a place where there can be none --- */

static void a_missing_directory_is_named(void **state)
{
    struct fixture *f = *state;
    snprintf(f->url, sizeof(f->url), "sqlite:%s/missing/clerk.db", f->dir);
    assert_refused(f, STATUS_FATAL, "/missing/clerk.db does not exist");
}

static void a_directory_is_no_database(void **state)
{
    struct fixture *f = *state;
    snprintf(f->url, sizeof(f->url), "sqlite:%s", f->dir);
    char lock[128];
    snprintf(lock, sizeof(lock), "%s.lock", f->dir);
    enum status st = fixture_open(f, STORE_DELETE_HARD);
    (void)unlink(lock);
    assert_int_equal(st, STATUS_FATAL);
}

static void a_malformed_url_is_invalid(void **state)
{
    struct fixture *f = *state;
    snprintf(f->url, sizeof(f->url), "postgres://user:secret@host/db");
    assert_refused(f, STATUS_INVALID, "this build has no PostgreSQL");
    assert_null(strstr(f->why, "secret"));
}

enum { NOBODY = 65534 };

/* Root may write everywhere, so a child without that right has to try. */
static void a_directory_without_the_right_to_write_is_unavailable(void **state)
{
    struct fixture *f = *state;
    int status = 0;
    assert_int_equal(chmod(f->dir, 0555), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(99);
        enum status st = fixture_open(f, STORE_DELETE_HARD);
        _exit(strstr(f->why, "Permission denied") ? (int)st : 98);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(chmod(f->dir, 0700), 0);
    assert_int_equal(WEXITSTATUS(status), STATUS_UNAVAILABLE);
}

static void a_locked_database_is_unavailable(void **state)
{
    struct fixture *f = *state;
    sqlite3 *other = NULL;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_refused(f, STATUS_UNAVAILABLE, "locked");
    sqlite3_close(other);
    assert_opens(f);
}

/* --- while it is open --- */

static void a_file_that_was_removed_is_fatal(void **state)
{
    struct fixture *f = *state;
    assert_opens(f);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(store_ping(f->store), STATUS_FATAL);
    assert_int_equal(store_begin(f->store), STATUS_FATAL);
    assert_non_null(strstr(store_why(f->store), "was removed"));
}

static void a_file_that_was_replaced_is_fatal_and_left_alone(void **state)
{
    struct fixture *f = *state;
    char copy[128];
    assert_opens(f);
    snprintf(copy, sizeof(copy), "%s/copy", f->dir);
    write_file(copy, 0, "restored", 8);
    assert_int_equal(rename(copy, f->path), 0);
    assert_int_equal(store_begin(f->store), STATUS_FATAL);
    assert_non_null(strstr(store_why(f->store), "was replaced"));
    store_close(f->store);
    f->store = NULL;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, 8);
}

static void a_failed_begin_gives_the_turn_away(void **state)
{
    struct fixture *f = *state;
    struct store_lock lock;
    assert_opens(f);
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
        T(a_new_database_has_every_table_and_all_are_strict),
        T(a_new_database_is_at_this_programs_schema_version),
        T(what_is_joined_and_searched_by_has_an_index),
        T(new_files_are_private_whatever_the_umask),
        T(the_connection_is_durable_and_never_checkpoints_by_itself),
        T(an_empty_file_becomes_a_database),
        T(opening_again_keeps_what_is_there),
        T(a_clean_close_leaves_no_log_behind),
        T(closing_nothing_is_fine),
        T(a_newer_schema_is_refused),
        T(an_unknown_older_schema_is_refused),
        T(another_applications_table_is_never_adopted),
        T(another_applications_other_tables_do_not_matter),
        T(a_version_without_our_tables_is_refused),
        T(a_file_that_is_no_database_is_refused),
        T(a_corrupt_file_is_refused),
        T(a_corrupt_page_is_fatal_when_it_is_met),
        T(a_missing_directory_is_named),
        T(a_directory_is_no_database),
        T(a_malformed_url_is_invalid),
        T(a_directory_without_the_right_to_write_is_unavailable),
        T(a_locked_database_is_unavailable),
        T(a_file_that_was_removed_is_fatal),
        T(a_file_that_was_replaced_is_fatal_and_left_alone),
        T(a_failed_begin_gives_the_turn_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
