/* Which SQLSTATE is whose trouble: a wrong answer here loses events or stops a healthy worker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/store_postgres_parts.h"

static void each_sqlstate_is_the_worlds_the_datas_or_the_operators(void **state)
{
    static const struct {
        const char *code;
        enum status status;
    } cases[] = {
        { NULL, STATUS_UNAVAILABLE },    /* no answer */
        { "", STATUS_UNAVAILABLE },      /* likewise */
        { "08006", STATUS_UNAVAILABLE }, /* connection failure */
        { "40001", STATUS_UNAVAILABLE }, /* serialization */
        { "40P01", STATUS_UNAVAILABLE }, /* deadlock */
        { "53100", STATUS_UNAVAILABLE }, /* disk full */
        { "53200", STATUS_UNAVAILABLE }, /* out of memory, or of locks */
        { "53300", STATUS_UNAVAILABLE }, /* too many connections */
        { "57014", STATUS_UNAVAILABLE }, /* statement_timeout */
        { "57P01", STATUS_UNAVAILABLE }, /* pg_terminate_backend, shut down */
        { "57P02", STATUS_UNAVAILABLE }, /* another backend crashed */
        { "57P03", STATUS_UNAVAILABLE }, /* starting up */
        { "25006", STATUS_UNAVAILABLE }, /* read only */
        { "25P02", STATUS_UNAVAILABLE }, /* the transaction has failed */
        { "25P03", STATUS_UNAVAILABLE }, /* idle in transaction */
        { "55P03", STATUS_UNAVAILABLE }, /* lock_timeout */
        { "58030", STATUS_UNAVAILABLE }, /* input or output of the server */
        { "26000", STATUS_UNAVAILABLE }, /* DISCARD ALL */
        { "42P05", STATUS_UNAVAILABLE }, /* a statement that is there already */
        { "21000", STATUS_BAD_DATA },    /* a row twice */
        { "22021", STATUS_BAD_DATA },    /* no UTF-8 */
        { "22P05", STATUS_BAD_DATA },    /* \u0000 */
        { "22003", STATUS_BAD_DATA },    /* out of range */
        { "23505", STATUS_BAD_DATA },    /* a constraint of somebody else's */
        { "23502", STATUS_BAD_DATA },    /* not null */
        { "54000", STATUS_BAD_DATA },    /* too long for an index */
        { "P0001", STATUS_BAD_DATA },    /* RAISE EXCEPTION in a trigger of the application's */
        { "28P01", STATUS_FATAL },       /* password */
        { "28000", STATUS_FATAL },       /* pg_hba.conf */
        { "3D000", STATUS_FATAL },       /* no such database */
        { "3F000", STATUS_FATAL },       /* no such schema */
        { "42501", STATUS_FATAL },       /* no right */
        { "42P01", STATUS_FATAL },       /* no such table */
        { "42703", STATUS_FATAL },       /* no such column */
        { "57P04", STATUS_FATAL },       /* the database was dropped */
        { "XX001", STATUS_FATAL },       /* damaged pages */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (pg_classify(cases[i].code) != cases[i].status)
            fail_msg("%s is %s", cases[i].code, status_name(pg_classify(cases[i].code)));
}

static void a_server_that_goes_or_has_become_a_standby_ends_the_connection(void **state)
{
    static const char *const ending[] = { NULL, "", "08006", "57P01", "57P03", "25006", "26000" };
    static const char *const staying[] = { "40P01", "55P03", "22021", "23505", "53100", "57014" };
    (void)state;
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        assert_true(pg_ends_connection(ending[i]));
    for (size_t i = 0; i < sizeof(staying) / sizeof(staying[0]); i++)
        assert_false(pg_ends_connection(staying[i]));
}

static void a_reason_is_one_line(void **state)
{
    struct store_postgres store = { 0 };
    (void)state;
    assert_int_equal(pg_because(&store, STATUS_FATAL, "first\n\tsecond\n"), STATUS_FATAL);
    assert_string_equal(store.base.why, "first  second");
}

static void an_array_is_written_as_postgres_reads_it(void **state)
{
    static const char expected[] = "\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\3\0\0\0\1"
                                   "\0\0\0\2ab\377\377\377\377\0\0\0\0";
    struct buf out = buf_make(200);
    (void)state;
    pg_array_begin(&out, false, 3);
    pg_array_text(&out, SLICE("ab"), true);
    pg_array_text(&out, SLICE(""), true);
    pg_array_text(&out, SLICE(""), false);
    assert_int_equal(out.len, sizeof(expected) - 1);
    assert_memory_equal(out.ptr, expected, out.len);
    buf_clear(&out);
    pg_array_begin(&out, true, 2);
    pg_array_number(&out, -2, true);
    pg_array_number(&out, 0, true);
    assert_int_equal(out.len, 20 + 4 + 8 + 4);
    assert_memory_equal(out.ptr + 20, "\0\0\0\10\377\377\377\377\377\377\377\376\377\377\377\377",
                        16);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sqlstate_is_the_worlds_the_datas_or_the_operators),
        cmocka_unit_test(a_server_that_goes_or_has_become_a_standby_ends_the_connection),
        cmocka_unit_test(a_reason_is_one_line),
        cmocka_unit_test(an_array_is_written_as_postgres_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
