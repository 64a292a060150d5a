#include "common/clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec now = { 0 };

    /* Cannot fail: both clocks exist on every Linux and the pointer is good. */
    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static int64_t mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

const struct clock clock_system = { .wall_ms = wall_ms, .mono_ms = mono_ms };

int64_t clock_mono_us(void)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail, as above */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_sleep_ms(int64_t ms)
{
    struct timespec wait = { .tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000 };

    if (ms > 0)
        (void)nanosleep(&wait, NULL);
}
