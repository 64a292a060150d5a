#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"

static void clock_wall_agrees_with_the_system(void **state)
{
    int64_t before_ms = (int64_t)time(NULL) * 1000;
    int64_t now_ms = clock_system.wall_ms();

    (void)state;
    assert_in_range(now_ms, before_ms - 1000, before_ms + 10000);
}

static void clock_mono_never_goes_back(void **state)
{
    int64_t last_ms = clock_system.mono_ms();

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t now_ms = clock_system.mono_ms();
        assert_true(now_ms >= last_ms);
        last_ms = now_ms;
    }
}

static void clock_in_microseconds_agrees_with_milliseconds(void **state)
{
    int64_t before_ms = clock_system.mono_ms();
    int64_t us = clock_mono_us();

    (void)state;
    assert_in_range(us / 1000, before_ms, clock_system.mono_ms());
}

static void clock_sleep_lasts_as_long_as_asked(void **state)
{
    int64_t begin_ms = clock_system.mono_ms();

    (void)state;
    clock_sleep_ms(20);
    assert_in_range(clock_system.mono_ms() - begin_ms, 19, 10000);
}

static void clock_sleep_of_nothing_returns_at_once(void **state)
{
    int64_t begin_ms = clock_system.mono_ms();

    (void)state;
    clock_sleep_ms(0);
    clock_sleep_ms(-5000);
    assert_in_range(clock_system.mono_ms() - begin_ms, 0, 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_wall_agrees_with_the_system),
        cmocka_unit_test(clock_mono_never_goes_back),
        cmocka_unit_test(clock_in_microseconds_agrees_with_milliseconds),
        cmocka_unit_test(clock_sleep_lasts_as_long_as_asked),
        cmocka_unit_test(clock_sleep_of_nothing_returns_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
