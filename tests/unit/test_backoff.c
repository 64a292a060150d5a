#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/backoff.h"

static void backoff_waits_lie_between_half_and_the_whole(void **state)
{
    struct backoff b = backoff_make(100, 1600, 1);
    static const int64_t wholes[] = { 100, 200, 400, 800, 1600, 1600, 1600 };

    (void)state;
    for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
        int64_t wait_ms = backoff_next_ms(&b);
        assert_in_range(wait_ms, wholes[i] / 2, wholes[i]);
    }
}

static void backoff_never_passes_its_maximum(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct backoff b = backoff_make(7, 1000, seed);
        for (int i = 0; i < 30; i++)
            assert_in_range(backoff_next_ms(&b), 1, 1000);
    }
}

static void backoff_is_short_again_after_a_success(void **state)
{
    struct backoff b = backoff_make(10, 10000, 3);

    (void)state;
    for (int i = 0; i < 10; i++)
        (void)backoff_next_ms(&b);
    assert_true(backoff_next_ms(&b) >= 5000);
    backoff_reset(&b);
    assert_in_range(backoff_next_ms(&b), 5, 10);
}

static void backoff_differs_between_processes(void **state)
{
    struct backoff a = backoff_make(100000, 100000, 1);
    struct backoff b = backoff_make(100000, 100000, 2);
    int same = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        same += backoff_next_ms(&a) == backoff_next_ms(&b);
    assert_true(same < 5);
}

static void backoff_waits_spread_over_the_whole_half(void **state)
{
    struct backoff b = backoff_make(1000, 1000, 9);
    int low = 0;

    (void)state;
    for (int i = 0; i < 200; i++)
        low += backoff_next_ms(&b) < 750;
    assert_in_range(low, 60, 140);
}

static void backoff_repairs_bounds_that_make_no_sense(void **state)
{
    struct backoff none = backoff_make(0, 0, 0);
    struct backoff crossed = backoff_make(50, 10, 0);
    struct backoff huge = backoff_make(INT64_MAX / 2 + 1, INT64_MAX, 0);

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(backoff_next_ms(&none), 1);
        assert_in_range(backoff_next_ms(&crossed), 25, 50);
        assert_true(backoff_next_ms(&huge) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_waits_lie_between_half_and_the_whole),
        cmocka_unit_test(backoff_never_passes_its_maximum),
        cmocka_unit_test(backoff_is_short_again_after_a_success),
        cmocka_unit_test(backoff_differs_between_processes),
        cmocka_unit_test(backoff_waits_spread_over_the_whole_half),
        cmocka_unit_test(backoff_repairs_bounds_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
