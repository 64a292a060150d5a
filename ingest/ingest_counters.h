#ifndef CLERK_INGEST_COUNTERS_H
#define CLERK_INGEST_COUNTERS_H

#include "common/counters.h"
#include "common/histogram.h"

/* The series of clerk-ingest's /metrics. Their names, labels and help texts are the table in
 * ingest_counters.c; operators build alarms on them, so a name is a promise. */

enum ingest_counter {
    /* Answers by code and reason: one for each row of answer.c, in the order of enum answer. */
    INGEST_REQUESTS_RECEIVED,
    INGEST_REQUESTS_MISSING_HEADER,
    INGEST_REQUESTS_BAD_SIGNATURE,
    INGEST_REQUESTS_TIMESTAMP,
    INGEST_REQUESTS_MALFORMED,
    INGEST_REQUESTS_NOT_FOUND,
    INGEST_REQUESTS_BAD_METHOD,
    INGEST_REQUESTS_TOO_BIG,
    INGEST_REQUESTS_UNAVAILABLE,
    /* Why webhooks were answered 400: the statuses of signature_verify(), and ambiguous framing
     * among the malformed. */
    INGEST_FAILED_MISSING_HEADER,
    INGEST_FAILED_MALFORMED,
    INGEST_FAILED_SIGNATURE,
    INGEST_FAILED_TIMESTAMP,
    /* What was answered 200: confirmed by Redis, or left out by EVENT_TYPES. */
    INGEST_STORED,
    INGEST_SKIPPED,
    /* Now: webhooks that wait for Redis, and open connections of the webhook port. */
    INGEST_IN_FLIGHT,
    INGEST_CONNECTIONS,
    /* Connections past REQUEST_DEADLINE_MS, times that MAX_CONNECTIONS was reached, and quiet
     * connections closed then to let a new one in. */
    INGEST_CONNECTIONS_CUT,
    INGEST_CONNECTIONS_FULL,
    INGEST_CONNECTIONS_DISPLACED,
    /* 1 while webhooks are refused because Redis is nearly full or too many wait for it. */
    INGEST_BACKPRESSURE,
    /* 1 while Redis takes webhooks; connections to it beyond the first. */
    INGEST_REDIS_UP,
    INGEST_REDIS_RECONNECTS,
    /* Seconds by which this clock is ahead of the last webhook's timestamp. */
    INGEST_CLOCK_SKEW,
    /* Wall clock, ms, when Redis last confirmed one; 0: not since the start. */
    INGEST_LAST_STORED_MS,
    /* Always 1; its label is the version. */
    INGEST_BUILD_INFO,
    INGEST_COUNTER_COUNT
};

/* Its distributions, observed in microseconds. */
enum ingest_histogram {
    /* from the whole request to the answer handed to the socket */
    INGEST_REQUEST_DURATION,
    /* from handing a webhook to Redis to its confirmation */
    INGEST_XADD_DURATION,
    INGEST_HISTOGRAM_COUNT
};

/* Names, labels, help and bounds: one row for each number of the enums, in their order. Whoever
 * runs the server brings the numbers themselves (see struct counters, struct histograms). */
extern const struct counter_info ingest_counter_info[INGEST_COUNTER_COUNT];
extern const struct histogram_info ingest_histogram_info[INGEST_HISTOGRAM_COUNT];

#endif
