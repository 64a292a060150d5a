#ifndef CLERK_WORKER_COUNTERS_H
#define CLERK_WORKER_COUNTERS_H

#include "common/counters.h"
#include "common/histogram.h"

/* The worker's series; their names, labels and help stand in the table in worker_counters.c. */
enum worker_counter {
    /* in the order of enum apply_result */
    WORKER_EVENTS_APPLIED,
    WORKER_EVENTS_STALE,
    WORKER_EVENTS_IGNORED,
    WORKER_EVENTS_DEAD,
    WORKER_EVENTS_DUPLICATE,
    WORKER_BATCHES,
    WORKER_REDELIVERED,
    WORKER_PRUNED,
    WORKER_REDIS_ERRORS,
    WORKER_DB_ERRORS,
    WORKER_REDIS_UP,
    WORKER_DB_UP,
    WORKER_STREAM_LENGTH,
    WORKER_PENDING,
    WORKER_OLDEST_AGE_MS,
    WORKER_LAST_COMMIT_MS,
    WORKER_LAST_EVENT_MS,
    WORKER_GROUP_LAG,
    WORKER_CONSUMERS,
    WORKER_DEAD_LETTERS,
    WORKER_BUILD_INFO,
    WORKER_COUNTER_COUNT
};

/* Its distributions. */
enum worker_histogram {
    WORKER_END_TO_END,  /* seconds from svix-timestamp to commit: the header has no fractions */
    WORKER_BATCH_SIZE,  /* events in a transaction */
    WORKER_TX_DURATION, /* microseconds from waiting for the database's turn to commit */
    WORKER_HISTOGRAM_COUNT
};

/* The one set of the process, all zero at the start. Any thread may use it. */
const struct counters *worker_counters(void);
const struct histograms *worker_histograms(void);

/* Appends everything, the process's own numbers included, as Prometheus text. */
void worker_counters_render(struct buf *out);

#endif
