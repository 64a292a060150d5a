#ifndef CLERK_LATENCY_H
#define CLERK_LATENCY_H

#include <stdint.h>

/* How long things took, in a fixed amount of memory however many they are: each value is counted in
 * one of 32 equal parts of its power of two, so that a percentile is at most 3 % above the truth.
 * The largest value is kept exactly. {0} has seen nothing. */

enum { LATENCY_PARTS_BITS = 5, LATENCY_SLOTS = (64 - LATENCY_PARTS_BITS) << LATENCY_PARTS_BITS };

struct latency {
    /* how many values fell into each part */
    int64_t slots[LATENCY_SLOTS];
    int64_t count;
    int64_t max_us;
};

/* Counts one value in microseconds; negative ones count as 0. */
void latency_add(struct latency *latency, int64_t us);

/* The value that percent (0..100) of all are not above, in microseconds; 0 when there are none. At
 * least the true value and never above the largest one seen. */
int64_t latency_percentile(const struct latency *latency, double percent);

#endif
