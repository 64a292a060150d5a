#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "store_fixture.h"
#include "worker/catalog.h"
#include "worker/store_sqlite.h"

/* --- a new database --- */

static void a_new_database_has_every_table_and_all_are_strict(void **state)
{
    struct fixture *f = *state;
    char expected[32];
    fixture_assert_opens(f);
    snprintf(expected, sizeof(expected), "%zu|1;", catalog_table_count + sql_own_table_count);
    assert_string_equal(
        fixture_query(f, "SELECT count(*), min(strict) FROM pragma_table_list "
                         "WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%'"),
        expected);
}

static void a_new_database_is_at_this_programs_schema_version(void **state)
{
    struct fixture *f = *state;
    fixture_assert_opens(f);
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
    fixture_assert_opens(f);
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
    fixture_assert_opens(f);
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
    fixture_assert_opens(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(
            sqlite3_prepare_v2(store_sqlite_of(f->store)->db, cases[i].sql, -1, &stmt, NULL),
            SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(stmt, 0), cases[i].answer);
        sqlite3_finalize(stmt);
    }
}

static void an_empty_file_becomes_a_database(void **state)
{
    struct fixture *f = *state;
    fixture_write_file(f->path, 0, "", 0);
    fixture_assert_opens(f);
}

static void opening_again_keeps_what_is_there(void **state)
{
    struct fixture *f = *state;
    fixture_assert_opens(f);
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, NULL), STATUS_OK);
    fixture_close_store(f);
    fixture_assert_opens(f);
    assert_string_equal(fixture_query(f, "SELECT clerk_id FROM users"), "user_1;");
    assert_int_equal(store_ping(f->store), STATUS_OK);
}

static void a_clean_close_leaves_no_log_behind(void **state)
{
    struct fixture *f = *state;
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s-wal", f->path);
    fixture_assert_opens(f);
    assert_int_equal(stat(path, &st), 0);
    fixture_close_store(f);
    assert_int_not_equal(stat(path, &st), 0);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    store_close(NULL);
}

/* --- a place where there can be none --- */

static void a_missing_directory_is_named(void **state)
{
    struct fixture *f = *state;
    snprintf(f->url, sizeof(f->url), "sqlite:%s/missing/clerk.db", f->dir);
    fixture_assert_refused(f, STATUS_FATAL, "/missing/clerk.db does not exist");
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
    snprintf(f->url, sizeof(f->url), "postgres://user:secret@with@sign/db");
#ifdef CLERK_POSTGRES
    fixture_assert_refused(f, STATUS_INVALID, "percent-encode");
#else
    fixture_assert_refused(f, STATUS_INVALID, "this build has no PostgreSQL");
#endif
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
    fixture_assert_refused(f, STATUS_UNAVAILABLE, "locked");
    sqlite3_close(other);
    fixture_assert_opens(f);
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
        T(a_missing_directory_is_named),
        T(a_directory_is_no_database),
        T(a_malformed_url_is_invalid),
        T(a_directory_without_the_right_to_write_is_unavailable),
        T(a_locked_database_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
