#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "worker/store_sqlite.h"

static void every_code_has_its_kind_of_trouble(void **state)
{
    static const struct {
        int code;
        enum status status;
    } cases[] = {
        { SQLITE_BUSY, STATUS_UNAVAILABLE },
        { SQLITE_BUSY_SNAPSHOT, STATUS_UNAVAILABLE },
        { SQLITE_BUSY_RECOVERY, STATUS_UNAVAILABLE },
        { SQLITE_LOCKED, STATUS_UNAVAILABLE },
        { SQLITE_FULL, STATUS_UNAVAILABLE },
        { SQLITE_IOERR, STATUS_UNAVAILABLE },
        { SQLITE_IOERR_WRITE, STATUS_UNAVAILABLE },
        { SQLITE_IOERR_FSYNC, STATUS_UNAVAILABLE },
        { SQLITE_IOERR_SHMMAP, STATUS_UNAVAILABLE },
        { SQLITE_READONLY, STATUS_UNAVAILABLE },
        { SQLITE_READONLY_DIRECTORY, STATUS_UNAVAILABLE },
        { SQLITE_CANTOPEN, STATUS_UNAVAILABLE },
        { SQLITE_PERM, STATUS_UNAVAILABLE },
        { SQLITE_NOMEM, STATUS_UNAVAILABLE },
        { SQLITE_PROTOCOL, STATUS_UNAVAILABLE },
        { SQLITE_CORRUPT, STATUS_FATAL },
        { SQLITE_CORRUPT_INDEX, STATUS_FATAL },
        { SQLITE_IOERR_CORRUPTFS, STATUS_FATAL },
        { SQLITE_NOTADB, STATUS_FATAL },
        { SQLITE_SCHEMA, STATUS_FATAL },
        { SQLITE_ERROR, STATUS_FATAL }, /* a table that is not as we made it */
        { SQLITE_READONLY_DBMOVED, STATUS_FATAL },
        { SQLITE_CANTOPEN_ISDIR, STATUS_FATAL },
        { SQLITE_CONSTRAINT, STATUS_BAD_DATA },
        { SQLITE_CONSTRAINT_NOTNULL, STATUS_BAD_DATA },
        { SQLITE_CONSTRAINT_UNIQUE, STATUS_BAD_DATA },
        { SQLITE_TOOBIG, STATUS_BAD_DATA },
        { SQLITE_MISMATCH, STATUS_BAD_DATA },
        { SQLITE_RANGE, STATUS_BAD_DATA },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(store_sqlite_classify(cases[i].code), cases[i].status);
}

static void the_reason_has_message_and_code(void **state)
{
    struct store_sqlite store = { 0 };
    (void)state;
    assert_int_equal(store_sqlite_failed(&store, SQLITE_FULL), STATUS_UNAVAILABLE);
    assert_string_equal(store.base.why, "database or disk is full (SQLite code 13)");
}

static void a_reason_that_is_too_long_is_cut(void **state)
{
    struct store_sqlite store = { 0 };
    char text[2 * STORE_ERROR_MAX];
    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(store_sqlite_because(&store, STATUS_FATAL, "%s", text), STATUS_FATAL);
    assert_int_equal(strlen(store.base.why), STORE_ERROR_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_kind_of_trouble),
        cmocka_unit_test(the_reason_has_message_and_code),
        cmocka_unit_test(a_reason_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
