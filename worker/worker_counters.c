#include "worker/worker_counters.h"

static const struct counter_info info[WORKER_COUNTER_COUNT] = {
    [WORKER_EVENTS_APPLIED] = { "clerk_worker_events_processed_total", "result=\"applied\"",
                                "Events committed, by what became of them; a rise of dead needs a "
                                "look at dead_letters",
                                COUNTER_TOTAL, 1 },
    [WORKER_EVENTS_STALE] = { "clerk_worker_events_processed_total", "result=\"stale\"", NULL,
                              COUNTER_TOTAL, 1 },
    [WORKER_EVENTS_IGNORED] = { "clerk_worker_events_processed_total", "result=\"ignored\"", NULL,
                                COUNTER_TOTAL, 1 },
    [WORKER_EVENTS_DEAD] = { "clerk_worker_events_processed_total", "result=\"dead\"", NULL,
                             COUNTER_TOTAL, 1 },
    [WORKER_EVENTS_DUPLICATE] = { "clerk_worker_events_processed_total", "result=\"duplicate\"",
                                  NULL, COUNTER_TOTAL, 1 },
    [WORKER_BATCHES] = { "clerk_worker_batches_total", NULL, "Transactions that applied events",
                         COUNTER_TOTAL, 1 },
    [WORKER_REDELIVERED] = { "clerk_worker_redelivered_total", NULL,
                             "Entries delivered more than once; a steady rise means that workers "
                             "die",
                             COUNTER_TOTAL, 1 },
    [WORKER_PRUNED] = { "clerk_worker_ledger_pruned_total", NULL,
                        "Ledger rows removed after DEDUPE_DAYS", COUNTER_TOTAL, 1 },
    [WORKER_REDIS_ERRORS] = { "clerk_worker_redis_errors_total", NULL,
                              "Times that Redis was lost; see the log for why", COUNTER_TOTAL, 1 },
    [WORKER_DB_ERRORS] = { "clerk_worker_db_errors_total", NULL,
                           "Transactions that the database put off; see the log for why",
                           COUNTER_TOTAL, 1 },
    [WORKER_REDIS_UP] = { "clerk_worker_redis_up", NULL, "1 while Redis answers", COUNTER_GAUGE,
                          1 },
    [WORKER_DB_UP] = { "clerk_worker_db_up", NULL, "1 while the database takes transactions",
                       COUNTER_GAUGE, 1 },
    [WORKER_STREAM_LENGTH] = { "clerk_worker_stream_length", NULL,
                               "The backlog: entries in the stream", COUNTER_GAUGE, 1 },
    [WORKER_PENDING] = { "clerk_worker_pending", NULL,
                         "Entries given to a worker and not yet acknowledged", COUNTER_GAUGE, 1 },
    [WORKER_OLDEST_AGE_MS] = { "clerk_worker_oldest_entry_age_seconds", NULL,
                               "Age of the oldest entry; the number to alarm on", COUNTER_GAUGE,
                               1000 },
    [WORKER_LAST_COMMIT_MS] = { "clerk_worker_last_commit_timestamp_seconds", NULL,
                                "Unix time of the last commit that applied events; 0: none yet",
                                COUNTER_GAUGE, 1000 },
};

static atomic_int_least64_t values[WORKER_COUNTER_COUNT];

static const struct counters counters = { info, values, WORKER_COUNTER_COUNT };

const struct counters *worker_counters(void)
{
    return &counters;
}
