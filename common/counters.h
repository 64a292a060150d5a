#ifndef CLERK_COUNTERS_H
#define CLERK_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Metrics as data: one table row per series, one atomic number beside it. Any thread may add, set
 * and read at any time. Source of the format: Prometheus text exposition format 0.0.4. */

enum counter_kind { COUNTER_TOTAL, COUNTER_GAUGE };

struct counter_info {
    /* for instance "clerk_ingest_requests_total"; rows of one name stand together */
    const char *name;
    /* for instance "code=\"200\"", or NULL */
    const char *labels;
    /* one sentence; where a rise needs a person, it says what to do. The first row of a name has
     * it */
    const char *help;
    enum counter_kind kind;
    /* the number is printed divided by this (1000: milliseconds as seconds); 0 and 1: as it is */
    int64_t divisor;
};

struct counters {
    /* count rows and count numbers, the latter zero at the start; both borrowed for good */
    const struct counter_info *info;
    atomic_int_least64_t *values;
    size_t count;
};

/* Add to, set or read number i (below count). Never blocks. */
void counters_add(const struct counters *c, size_t i, int64_t amount);
void counters_set(const struct counters *c, size_t i, int64_t value);
int64_t counters_get(const struct counters *c, size_t i);

/* Appends value divided by divisor (0 and 1: as it is) as a decimal number: exactly, without
 * rounding where divisor is a power of ten up to 10^9, and whatever the locale. */
void counters_print_number(int64_t value, int64_t divisor, struct buf *out);

/* Appends all series as Prometheus text, with HELP and TYPE once a name. Each number is read by
 * itself, so that two of them may be a moment apart. */
void counters_render(const struct counters *c, struct buf *out);

#endif
