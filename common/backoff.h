#ifndef CLERK_BACKOFF_H
#define CLERK_BACKOFF_H

#include <stdint.h>

/* Waiting times that double from min_ms to max_ms, each drawn between half of it and the whole, so
 * that many processes that lost the same server do not come back in step. */
struct backoff {
    int64_t min_ms;
    int64_t max_ms;
    int64_t next_ms;
    uint64_t random; /* state of the generator; seeded by backoff_make() */
};

/* A backoff that starts at min_ms (at least 1) and never passes max_ms. seed: anything that differs
 * between processes. */
struct backoff backoff_make(int64_t min_ms, int64_t max_ms, uint64_t seed);

/* The time to wait now, in ms; the next one will be longer. */
int64_t backoff_next_ms(struct backoff *b);

/* Success: the next wait is short again. */
void backoff_reset(struct backoff *b);

#endif
