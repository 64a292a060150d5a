#include "ingest/ingest_counters.h"

#define REQUESTS "clerk_ingest_requests_total"
#define FAILURES "clerk_ingest_signature_failures_total"

const struct counter_info ingest_counter_info[INGEST_COUNTER_COUNT] = {
    [INGEST_REQUESTS_RECEIVED] = { REQUESTS, "code=\"200\",reason=\"received\"",
                                   "Answers by status code and reason. A rise of 503 means that "
                                   "Redis is in trouble: see /readyz.",
                                   COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_MISSING_HEADER] = { REQUESTS, "code=\"400\",reason=\"missing_header\"", NULL,
                                         COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_BAD_SIGNATURE] = { REQUESTS, "code=\"400\",reason=\"bad_signature\"", NULL,
                                        COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_TIMESTAMP] = { REQUESTS, "code=\"400\",reason=\"timestamp\"", NULL,
                                    COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_MALFORMED] = { REQUESTS, "code=\"400\",reason=\"malformed\"", NULL,
                                    COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_NOT_FOUND] = { REQUESTS, "code=\"404\",reason=\"wrong_path\"", NULL,
                                    COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_BAD_METHOD] = { REQUESTS, "code=\"405\",reason=\"wrong_method\"", NULL,
                                     COUNTER_TOTAL, 1 },
    [INGEST_REQUESTS_TOO_BIG] = { REQUESTS, "code=\"413\",reason=\"too_big\"", NULL, COUNTER_TOTAL,
                                  1 },
    [INGEST_REQUESTS_UNAVAILABLE] = { REQUESTS, "code=\"503\",reason=\"queue_unavailable\"", NULL,
                                      COUNTER_TOTAL, 1 },
    [INGEST_FAILED_MISSING_HEADER] = { FAILURES, "reason=\"missing_header\"",
                                       "Webhooks that were not signed as they should be. A steady "
                                       "rise of "
                                       "bad_signature means a wrong secret, of timestamp a wrong "
                                       "clock.",
                                       COUNTER_TOTAL, 1 },
    [INGEST_FAILED_MALFORMED] = { FAILURES, "reason=\"malformed\"", NULL, COUNTER_TOTAL, 1 },
    [INGEST_FAILED_SIGNATURE] = { FAILURES, "reason=\"bad_signature\"", NULL, COUNTER_TOTAL, 1 },
    [INGEST_FAILED_TIMESTAMP] = { FAILURES, "reason=\"timestamp\"", NULL, COUNTER_TOTAL, 1 },
    [INGEST_STORED] = { "clerk_ingest_stored_total", NULL, "Webhooks confirmed by Redis.",
                        COUNTER_TOTAL, 1 },
    [INGEST_SKIPPED] = { "clerk_ingest_skipped_total", NULL,
                         "Webhooks answered 200 but left out by EVENT_TYPES.", COUNTER_TOTAL, 1 },
    [INGEST_IN_FLIGHT] = { "clerk_ingest_in_flight", NULL, "Webhooks that wait for Redis.",
                           COUNTER_GAUGE, 1 },
    [INGEST_CONNECTIONS] = { "clerk_ingest_connections", NULL, "Open HTTP connections.",
                             COUNTER_GAUGE, 1 },
    [INGEST_CONNECTIONS_CUT] = { "clerk_ingest_connections_cut_total", NULL,
                                 "Connections cut because a request took longer than "
                                 "REQUEST_DEADLINE_MS.",
                                 COUNTER_TOTAL, 1 },
    [INGEST_CONNECTIONS_FULL] = { "clerk_ingest_connections_full_total", NULL,
                                  "Times that MAX_CONNECTIONS was reached and accepting paused. A "
                                  "rise "
                                  "asks for a higher limit or another process.",
                                  COUNTER_TOTAL, 1 },
    [INGEST_CONNECTIONS_DISPLACED] = { "clerk_ingest_connections_displaced_total", NULL,
                                       "Connections without a request that were closed at "
                                       "MAX_CONNECTIONS to let a new one in, the longest quiet "
                                       "first.",
                                       COUNTER_TOTAL, 1 },
    [INGEST_BACKPRESSURE] = { "clerk_ingest_backpressure", NULL,
                              "1 while webhooks are answered 503 because Redis is nearly full or "
                              "too many wait for it; start workers or give Redis memory.",
                              COUNTER_GAUGE, 1 },
    [INGEST_REDIS_UP] = { "clerk_ingest_redis_up", NULL,
                          "1 while Redis takes webhooks; at 0 see /readyz for the reason.",
                          COUNTER_GAUGE, 1 },
    [INGEST_REDIS_RECONNECTS] = { "clerk_ingest_redis_reconnects_total", NULL,
                                  "Connections to Redis opened after the first.", COUNTER_TOTAL,
                                  1 },
    [INGEST_CLOCK_SKEW] = { "clerk_ingest_clock_skew_seconds", NULL,
                            "This clock minus the timestamp of the last accepted webhook; near "
                            "TOLERANCE_S, set the clock.",
                            COUNTER_GAUGE, 1 },
    [INGEST_LAST_STORED_MS] = { "clerk_ingest_last_stored_timestamp_seconds", NULL,
                                "Unix time at which Redis last confirmed a webhook; 0: none since "
                                "the start.",
                                COUNTER_GAUGE, 1000 },
    [INGEST_BUILD_INFO] = { "clerk_ingest_build_info", "version=\"" CLERK_VERSION "\"",
                            "1; the label says which program this is.", COUNTER_GAUGE, 1 },
};

/* In microseconds: .5 ms to 5 s. */
#define LATENCY_BOUNDS                                                                             \
    {                                                                                              \
        500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000,      \
            5000000                                                                                \
    }

const struct histogram_info ingest_histogram_info[INGEST_HISTOGRAM_COUNT] = {
    [INGEST_REQUEST_DURATION] = { "clerk_ingest_request_duration_seconds",
                                  "Time from a whole request to its answer.", LATENCY_BOUNDS,
                                  1000000 },
    [INGEST_XADD_DURATION] = { "clerk_ingest_xadd_duration_seconds",
                               "Time that Redis took to confirm a webhook, its fsync included.",
                               LATENCY_BOUNDS, 1000000 },
};
