#ifndef CLERK_SAMPLES_H
#define CLERK_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* What the page's charts show: one sample a second of the last hour, in a ring of fixed size. Not
 * for two threads at once. */

enum { SAMPLES_MAX = 3600, SAMPLE_UNKNOWN = -1 };

/* Every number may be SAMPLE_UNKNOWN: Redis or the database was away. */
struct sample {
    int64_t time_ms;        /* wall clock */
    int64_t backlog;        /* entries in the stream */
    int64_t pending;        /* of those, with a worker */
    int64_t oldest_age_ms;  /* of the first entry */
    int64_t in_per_10_s;    /* entries that came in since the sample before */
    int64_t out_per_10_s;   /* entries that left, likewise */
    int64_t latency_ms;     /* mean from ingest to commit of the last seconds' events */
    int64_t latency_max_ms; /* their slowest */
    int64_t dead_letters;
};

struct samples {
    struct sample ring[SAMPLES_MAX];
    size_t next;
    size_t count;
};

/* Adds one, in place of the oldest where the ring is full. */
void samples_add(struct samples *samples, const struct sample *sample);

/* Appends those after after_ms, the oldest first, as {"fields":["time_ms",…],"samples":[[…],…]}; a
 * number that is not known is null, rates are events a second. */
void samples_json_append(const struct samples *samples, int64_t after_ms, struct buf *out);

#endif
