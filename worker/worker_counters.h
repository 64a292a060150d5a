#ifndef CLERK_WORKER_COUNTERS_H
#define CLERK_WORKER_COUNTERS_H

#include "common/counters.h"
#include "common/histogram.h"

/* The worker's series; their names, labels and help stand in the table in worker_counters.c. */
enum worker_counter {
    /* Transactions that applied events. */
    WORKER_BATCHES,
    /* Entries that were delivered before, to this worker or another, and were taken over. */
    WORKER_CLAIMED,
    /* Ledger rows removed after DEDUPE_DAYS. */
    WORKER_PRUNED,
    /* Waits for Redis and for the database: struct trouble counts each. */
    WORKER_REDIS_ERRORS,
    WORKER_DB_ERRORS,
    /* Events that the database refused for what they hold, and troubles that stop the worker. */
    WORKER_DB_ERRORS_DATA,
    WORKER_DB_ERRORS_OPERATOR,
    /* 1 while it answers, 0 from the first failure on; /readyz goes by these two. */
    WORKER_REDIS_UP,
    WORKER_DB_UP,
    /* 1 while Redis keeps an append-only file and its last write to it succeeded. */
    WORKER_REDIS_AOF_OK,
    /* Entries in the stream; of these, given to a worker and not acknowledged. */
    WORKER_STREAM_LENGTH,
    WORKER_PENDING,
    /* Age of the oldest entry; 0 when there is none. */
    WORKER_OLDEST_AGE_MS,
    /* Wall clock of this worker's last commit; 0: none yet. */
    WORKER_LAST_COMMIT_MS,
    /* When ingest received the event that any worker committed last; 0: none ever. */
    WORKER_LAST_EVENT_MS,
    /* Entries not yet given to any worker, and consumers that the group knows. */
    WORKER_GROUP_LAG,
    WORKER_CONSUMERS,
    /* Rows in dead_letters. */
    WORKER_DEAD_LETTERS,
    /* Always 1; its label is the version. */
    WORKER_BUILD_INFO,
    WORKER_COUNTER_COUNT
};

/* Its distributions. */
enum worker_histogram {
    /* seconds from svix-timestamp to commit: the header has no fractions */
    WORKER_END_TO_END,
    /* events in a transaction */
    WORKER_BATCH_SIZE,
    /* microseconds from waiting for the database's turn to commit */
    WORKER_TX_DURATION,
    WORKER_HISTOGRAM_COUNT
};

/* The one set of the process, all zero at the start. Any thread may use it. */
const struct counters *worker_counters(void);
const struct histograms *worker_histograms(void);

/* Appends everything, the process's own numbers included, as Prometheus text. */
void worker_counters_render(struct buf *out);

#endif
