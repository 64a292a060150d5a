#ifndef CLERK_HISTOGRAM_H
#define CLERK_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Distributions as data: one table row per histogram, one atomic number per bucket beside it. Any
 * thread may observe and read at any time. Source of the format: Prometheus text exposition format
 * 0.0.4, type histogram. */

enum { HISTOGRAM_BOUNDS_MAX = 16 };

struct histogram_info {
    /* with its unit: "clerk_ingest_xadd_duration_seconds" */
    const char *name;
    /* one sentence */
    const char *help;
    /* Upper bounds, inclusive, growing, in the unit in which values are observed; ends with the
     * first 0. The bucket without a bound (+Inf) comes by itself. */
    int64_t bounds[HISTOGRAM_BOUNDS_MAX];
    /* bounds and sum are printed divided by this (1000000: microseconds as seconds); 0 and 1: as
     * they are */
    int64_t divisor;
};

/* What was observed: buckets[i] is the number of values up to bounds[i] and above the bound before
 * it. Zero at the start. */
struct histogram_cells {
    atomic_int_least64_t buckets[HISTOGRAM_BOUNDS_MAX + 1];
    atomic_int_least64_t sum;
};

struct histograms {
    /* count rows and count cells, the latter zero at the start; both borrowed for good */
    const struct histogram_info *info;
    struct histogram_cells *cells;
    size_t count;
};

/* Adds one value to histogram i (below count); negative values, which clocks that jump can give,
 * count as 0. Never blocks. */
void histograms_observe(const struct histograms *h, size_t i, int64_t value);

/* The number of values that histogram i has seen. */
int64_t histograms_count(const struct histograms *h, size_t i);

/* Appends all of them as Prometheus text. Buckets are cumulative, and _count is always the one of
 * +Inf; a value observed meanwhile may be in the sum and not yet in the count. */
void histograms_render(const struct histograms *h, struct buf *out);

#endif
