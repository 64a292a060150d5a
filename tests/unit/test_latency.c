#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/latency.h"

static void latency_of_nothing_is_nothing(void **state)
{
    const struct latency l = { 0 };
    (void)state;
    assert_int_equal(latency_percentile(&l, 50), 0);
    assert_int_equal(latency_percentile(&l, 100), 0);
}

static void latency_of_one_value_is_that_value(void **state)
{
    static const int64_t values[] = { 0, 1, 63, 64, 1000, 123456789, INT64_MAX };
    static const double percents[] = { 0, 1, 50, 99, 100 };
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct latency l = { 0 };
        latency_add(&l, values[i]);
        for (size_t p = 0; p < sizeof percents / sizeof percents[0]; p++)
            assert_int_equal(latency_percentile(&l, percents[p]), values[i]);
    }
}

static void latency_percentiles_are_at_most_3_percent_too_large(void **state)
{
    static struct latency l;
    static const double percents[] = { 1, 10, 50, 90, 99, 99.9 };
    (void)state;
    for (int64_t us = 1; us <= 100000; us++)
        latency_add(&l, us);
    for (size_t p = 0; p < sizeof percents / sizeof percents[0]; p++) {
        double truth = percents[p] * 1000;
        double told = (double)latency_percentile(&l, percents[p]);
        assert_true(told >= truth - 0.5);
        assert_true(told <= truth * 1.0313 + 1);
    }
    assert_int_equal(latency_percentile(&l, 100), 100000);
    assert_int_equal(l.max_us, 100000);
}

static void latency_shows_a_single_slow_one_only_at_the_top(void **state)
{
    struct latency l = { 0 };
    (void)state;
    for (int i = 0; i < 999; i++)
        latency_add(&l, 50);
    latency_add(&l, 5000000);
    assert_int_equal(latency_percentile(&l, 99.9), 50);
    assert_int_equal(latency_percentile(&l, 100), 5000000);
}

static void latency_takes_a_negative_value_for_zero(void **state)
{
    struct latency l = { 0 };
    (void)state;
    latency_add(&l, -1);
    assert_int_equal(l.count, 1);
    assert_int_equal(latency_percentile(&l, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_of_nothing_is_nothing),
        cmocka_unit_test(latency_of_one_value_is_that_value),
        cmocka_unit_test(latency_percentiles_are_at_most_3_percent_too_large),
        cmocka_unit_test(latency_shows_a_single_slow_one_only_at_the_top),
        cmocka_unit_test(latency_takes_a_negative_value_for_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
