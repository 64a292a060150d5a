#include "worker/worker_counters.h"

#include "common/process_stats.h"
#include "worker/event_counters.h"

static const struct counter_info info[WORKER_COUNTER_COUNT] = {
    [WORKER_BATCHES] = { "clerk_worker_batches_total", NULL, "Transactions that applied events",
                         COUNTER_TOTAL, 1 },
    [WORKER_CLAIMED] = { "clerk_worker_claimed_total", NULL,
                         "Entries taken over after another delivery; a steady rise means that "
                         "workers die",
                         COUNTER_TOTAL, 1 },
    [WORKER_PRUNED] = { "clerk_worker_ledger_pruned_total", NULL,
                        "Ledger rows removed after DEDUPE_DAYS", COUNTER_TOTAL, 1 },
    [WORKER_REDIS_ERRORS] = { "clerk_worker_redis_errors_total", NULL,
                              "Times that Redis was lost; see the log for why", COUNTER_TOTAL, 1 },
    [WORKER_DB_ERRORS] = { "clerk_worker_db_errors_total", "class=\"world\"",
                           "Failures of the database. world: put off and tried again; data: an "
                           "event that it refused, see dead_letters; operator: the worker stops; "
                           "the log has the reason",
                           COUNTER_TOTAL, 1 },
    [WORKER_DB_ERRORS_DATA] = { "clerk_worker_db_errors_total", "class=\"data\"", NULL,
                                COUNTER_TOTAL, 1 },
    [WORKER_DB_ERRORS_OPERATOR] = { "clerk_worker_db_errors_total", "class=\"operator\"", NULL,
                                    COUNTER_TOTAL, 1 },
    [WORKER_REDIS_UP] = { "clerk_worker_redis_up", NULL, "1 while Redis answers", COUNTER_GAUGE,
                          1 },
    [WORKER_DB_UP] = { "clerk_worker_db_up", NULL, "1 while the database takes transactions",
                       COUNTER_GAUGE, 1 },
    [WORKER_REDIS_AOF_OK] = { "clerk_worker_redis_aof_ok", NULL,
                              "1 while Redis' append-only file is on and was last written without "
                              "an error; at 0 a crash of Redis loses events",
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
    [WORKER_LAST_EVENT_MS] = { "clerk_worker_last_event_timestamp_seconds", NULL,
                               "Unix time at which ingest received the newest event that has been "
                               "committed; 0: none ever. If it stands still for hours, look "
                               "whether "
                               "Clerk has disabled the endpoint",
                               COUNTER_GAUGE, 1000 },
    [WORKER_GROUP_LAG] = { "clerk_worker_group_lag", NULL, "Entries not yet given to any worker",
                           COUNTER_GAUGE, 1 },
    [WORKER_CONSUMERS] = { "clerk_worker_consumers", NULL, "Consumers that the group knows",
                           COUNTER_GAUGE, 1 },
    [WORKER_DEAD_LETTERS] = { "clerk_worker_dead_letters", NULL,
                              "Rows in dead_letters: events that wait for a person's decision",
                              COUNTER_GAUGE, 1 },
    [WORKER_BUILD_INFO] = { "clerk_worker_build_info", "version=\"" CLERK_VERSION "\"",
                            "1; the label says which program this is", COUNTER_GAUGE, 1 },
};

static const struct histogram_info histogram_info[WORKER_HISTOGRAM_COUNT] = {
    [WORKER_END_TO_END] = { "clerk_worker_end_to_end_seconds",
                            "Time from Svix's sending of an event to its commit, to the second",
                            { 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14400, 86400 },
                            1 },
    [WORKER_BATCH_SIZE] = { "clerk_worker_batch_size",
                            "Events in a transaction",
                            { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000 },
                            1 },
    [WORKER_TX_DURATION] = { "clerk_worker_tx_duration_seconds",
                             "Time of a transaction, waiting for its turn and fsync included",
                             { 1000, 2500, 5000, 10000, 25000, 50000, 100000, 200000, 300000,
                               400000, 500000, 1000000, 2500000, 5000000, 10000000 },
                             1000000 },
};

static atomic_int_least64_t values[WORKER_COUNTER_COUNT];

static struct histogram_cells cells[WORKER_HISTOGRAM_COUNT];

static const struct counters counters = { info, values, WORKER_COUNTER_COUNT };

const struct counters *worker_counters(void)
{
    return &counters;
}

static const struct histograms histograms = { histogram_info, cells, WORKER_HISTOGRAM_COUNT };

const struct histograms *worker_histograms(void)
{
    return &histograms;
}

void worker_counters_render(struct buf *out)
{
    counters_set(&counters, WORKER_BUILD_INFO, 1);
    event_counters_render(out);
    counters_render(&counters, out);
    histograms_render(&histograms, out);
    process_stats_render(out);
}
