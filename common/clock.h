#ifndef CLERK_CLOCK_H
#define CLERK_CLOCK_H

#include <stdint.h>

/* Where time comes from. Programs use clock_system; tests hand in their own. */
struct clock {
    /* milliseconds since the Unix epoch; may jump */
    int64_t (*wall_ms)(void);
    /* milliseconds since some fixed point; never goes back */
    int64_t (*mono_ms)(void);
};

/* CLOCK_REALTIME and CLOCK_MONOTONIC. */
extern const struct clock clock_system;

/* CLOCK_MONOTONIC in microseconds, for measuring how long something took. */
int64_t clock_mono_us(void);

/* Sleeps for ms milliseconds, or less when a signal arrives; not at all for 0 and less. Blocks: for
 * programs without an event loop. */
void clock_sleep_ms(int64_t ms);

#endif
