#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/counters.h"

enum { OK, FAILED, LAG, DEPTH, COUNT };

static const struct counter_info rows[COUNT] = {
    [OK] = { "clerk_requests_total", "code=\"200\"", "Requests by answer.", COUNTER_TOTAL, 0 },
    [FAILED] = { "clerk_requests_total", "code=\"503\"", NULL, COUNTER_TOTAL, 0 },
    [LAG] = { "clerk_lag_seconds", NULL, "Age of the oldest event.", COUNTER_GAUGE, 1000 },
    [DEPTH] = { "clerk_depth", NULL, "Events that wait.", COUNTER_GAUGE, 1 },
};

static atomic_int_least64_t values[COUNT];
static const struct counters counters = { rows, values, COUNT };

static int reset(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        counters_set(&counters, i, 0);
    return 0;
}

static void counters_add_set_and_get_one_number(void **state)
{
    (void)state;
    counters_add(&counters, OK, 2);
    counters_add(&counters, OK, 3);
    counters_set(&counters, DEPTH, -9);
    assert_int_equal(counters_get(&counters, OK), 5);
    assert_int_equal(counters_get(&counters, DEPTH), -9);
    assert_int_equal(counters_get(&counters, FAILED), 0);
}

static void counters_render_help_and_type_once_a_name(void **state)
{
    struct buf out = buf_make(4096);

    (void)state;
    counters_set(&counters, OK, 7);
    counters_set(&counters, LAG, 1500);
    counters_render(&counters, &out);
    assert_string_equal(buf_text(&out), "# HELP clerk_requests_total Requests by answer.\n"
                                        "# TYPE clerk_requests_total counter\n"
                                        "clerk_requests_total{code=\"200\"} 7\n"
                                        "clerk_requests_total{code=\"503\"} 0\n"
                                        "# HELP clerk_lag_seconds Age of the oldest event.\n"
                                        "# TYPE clerk_lag_seconds gauge\n"
                                        "clerk_lag_seconds 1.5\n"
                                        "# HELP clerk_depth Events that wait.\n"
                                        "# TYPE clerk_depth gauge\n"
                                        "clerk_depth 0\n");
    buf_release(&out);
}

static void counters_divide_without_rounding(void **state)
{
    static const struct {
        int64_t value;
        const char *line;
    } cases[] = {
        { 1, "clerk_lag_seconds 0.001\n" },
        { 1000, "clerk_lag_seconds 1\n" },
        { 1010, "clerk_lag_seconds 1.01\n" },
        { -1, "clerk_lag_seconds -0.001\n" },
        { -2500, "clerk_lag_seconds -2.5\n" },
        { INT64_MAX, "clerk_lag_seconds 9223372036854775.807\n" },
        { INT64_MIN, "clerk_lag_seconds -9223372036854775.808\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = buf_make(4096);
        counters_set(&counters, LAG, cases[i].value);
        counters_render(&counters, &out);
        assert_non_null(strstr(buf_text(&out), cases[i].line));
        buf_release(&out);
    }
}

static void counters_render_reports_a_buffer_that_is_too_small(void **state)
{
    struct buf out = buf_make(50);

    (void)state;
    counters_render(&counters, &out);
    assert_int_equal(buf_status(&out), STATUS_TOO_BIG);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counters_add_set_and_get_one_number, reset),
        cmocka_unit_test_setup(counters_render_help_and_type_once_a_name, reset),
        cmocka_unit_test_setup(counters_divide_without_rounding, reset),
        cmocka_unit_test_setup(counters_render_reports_a_buffer_that_is_too_small, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
