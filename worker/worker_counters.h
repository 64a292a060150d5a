#ifndef CLERK_WORKER_COUNTERS_H
#define CLERK_WORKER_COUNTERS_H

#include "common/counters.h"

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
    WORKER_COUNTER_COUNT
};

/* The one set of the process, all zero at the start. Any thread may use it. */
const struct counters *worker_counters(void);

#endif
