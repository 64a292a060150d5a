#ifndef CLERK_BACKOFF_H
#define CLERK_BACKOFF_H

#include <stdint.h>

/* Waiting times that double from min_ms to max_ms, each drawn between half of it and the whole, so
 * that many processes that lost the same server do not come back in step. */
struct backoff {
    /* bounds, as given to backoff_make() */
    int64_t min_ms;
    int64_t max_ms;
    /* the next wait before chance shortens it */
    int64_t next_ms;
    /* state of the generator */
    uint64_t random;
};

/* A backoff that starts at min_ms (at least 1) and never passes max_ms. seed: anything that differs
 * between processes, such as the process id; equal seeds give equal waits. */
struct backoff backoff_make(int64_t min_ms, int64_t max_ms, uint64_t seed);

/* The time to wait now, in ms, at least 1 and at most max_ms; the next one will be longer. Does not
 * wait. */
int64_t backoff_next_ms(struct backoff *b);

/* Success: the next wait is short again. */
void backoff_reset(struct backoff *b);

#endif
