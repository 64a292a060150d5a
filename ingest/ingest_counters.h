#ifndef CLERK_INGEST_COUNTERS_H
#define CLERK_INGEST_COUNTERS_H

#include "common/counters.h"
#include "common/histogram.h"

/* The series of clerk-ingest's /metrics. Their names, labels and help texts are the table in
 * ingest_counters.c; operators build alarms on them, so a name is a promise. */

enum ingest_counter {
    INGEST_REQUESTS_200,
    INGEST_REQUESTS_400,
    INGEST_REQUESTS_404,
    INGEST_REQUESTS_405,
    INGEST_REQUESTS_413,
    INGEST_REQUESTS_503,
    INGEST_FAILED_MISSING_HEADER,
    INGEST_FAILED_MALFORMED,
    INGEST_FAILED_SIGNATURE,
    INGEST_FAILED_TIMESTAMP,
    INGEST_STORED,
    INGEST_SKIPPED,
    INGEST_IN_FLIGHT,
    INGEST_CONNECTIONS,
    INGEST_CONNECTIONS_CUT,
    INGEST_CONNECTIONS_FULL,
    INGEST_REDIS_UP,
    INGEST_REDIS_RECONNECTS,
    INGEST_CLOCK_SKEW,
    INGEST_LAST_STORED_MS,
    INGEST_BUILD_INFO,
    INGEST_COUNTER_COUNT
};

/* Its distributions, observed in microseconds. */
enum ingest_histogram {
    INGEST_REQUEST_DURATION, /* from the whole request to the answer handed to the socket */
    INGEST_XADD_DURATION,    /* from handing a webhook to Redis to its confirmation */
    INGEST_HISTOGRAM_COUNT
};

/* One row for each number of the enum, in its order. */
extern const struct counter_info ingest_counter_info[INGEST_COUNTER_COUNT];
extern const struct histogram_info ingest_histogram_info[INGEST_HISTOGRAM_COUNT];

#endif
