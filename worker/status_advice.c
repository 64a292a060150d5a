#include "worker/status_advice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "worker/listing.h"
#include "worker/status_report.h"

enum {
    LATE_MS = 60 * 1000,   /* an event that waits for longer has been forgotten by somebody */
    SILENT_MS = 30 * 1000, /* a worker asks every BLOCK_MS, at most ten seconds */
    QUIET_MS = 24 * 3600 * 1000,
    MEMORY_PERCENT = 80,
    LOG_BYTES = 256 << 20,
};

struct advice {
    status_advice_fn *fn;
    void *arg;
};

static void say(const struct advice *a, bool is_trouble, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct advice *a, bool is_trouble, const char *format, ...)
{
    char line[STATUS_ADVICE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    a->fn(a->arg, is_trouble, line);
}

/* The time since any worker has asked for entries; -1: there is no worker. */
static int64_t silence_of(const struct queue_state *queue)
{
    int64_t least = -1;
    for (size_t i = 0; i < queue->consumers_kept; i++)
        if (least < 0 || queue->consumers[i].idle_ms < least)
            least = queue->consumers[i].idle_ms;
    return least;
}

static void on_backlog(const struct advice *a, const struct status_report *report)
{
    const struct queue_state *queue = &report->queue;
    char waits[LISTING_CELL_MAX], silent[LISTING_CELL_MAX];
    int64_t silence_ms = silence_of(queue);
    listing_age(queue->oldest_age_ms, waits);
    listing_age(silence_ms, silent);
    if (queue->length == 0)
        return;
    if (silence_ms < 0)
        say(a, true,
            "events waiting: %" PRId64 ", the oldest for %s, and there is no worker: start one",
            queue->length, waits);
    else if (queue->oldest_age_ms >= LATE_MS && silence_ms >= SILENT_MS)
        say(a, true, "the oldest event waits for %s: no worker has read for %s; start one", waits,
            silent);
    else if (queue->oldest_age_ms >= LATE_MS)
        say(a, true,
            "the oldest event waits for %s though a worker reads: look for database_unavailable "
            "in its log, or wait while it catches up",
            waits);
}

static void on_consumers(const struct advice *a, const struct status_report *report)
{
    char idle[LISTING_CELL_MAX];
    for (size_t i = 0; i < report->queue.consumers_kept; i++) {
        const struct queue_consumer *c = &report->queue.consumers[i];
        if (c->pending == 0 || c->idle_ms < report->claim_idle_ms || c->idle_ms < SILENT_MS)
            continue;
        listing_age(c->idle_ms, idle);
        say(a, true,
            "worker %s is silent for %s and holds events (%" PRId64
            "): a running worker takes them "
            "over after CLAIM_IDLE_MS (%" PRId64 ")",
            c->name, idle, c->pending, report->claim_idle_ms);
    }
}

static void on_server(const struct advice *a, const struct queue_server *server)
{
    if (server->has_aof && !server->aof_ok)
        say(a, true,
            "Redis cannot write its append-only file: its disk is full or broken, free "
            "some space");
    if (!server->has_aof)
        say(a, true,
            "Redis keeps no append-only file, a restart loses the backlog: CONFIG SET "
            "appendonly yes, and in redis.conf");
    if (server->policy[0] && strcmp(server->policy, "noeviction") != 0)
        say(a, true,
            "Redis may throw the whole backlog away (maxmemory-policy %s): CONFIG SET "
            "maxmemory-policy noeviction",
            server->policy);
    if (server->max_bytes > 0 && server->used_bytes / MEMORY_PERCENT >= server->max_bytes / 100)
        say(a, true,
            "Redis uses over %d %% of maxmemory, then ingest answers 503: work the backlog off or "
            "raise it",
            MEMORY_PERCENT);
    if (server->has_aof && server->fsync[0] && strcmp(server->fsync, "always") != 0)
        say(a, false,
            "appendfsync is %s: a power cut can take the last second of answered events; always "
            "takes none",
            server->fsync);
}

static void on_store(const struct advice *a, const struct status_report *report)
{
    char age[LISTING_CELL_MAX];
    const struct store_counts *counts = &report->counts;
    if (counts->dead_letters > 0) {
        listing_age(report->now_ms - counts->last_dead_ms, age);
        say(a, true,
            "dead letters: %" PRId64 ", the last %s ago: clerk-worker dead list shows why, dead "
            "retry tries them again",
            counts->dead_letters, age);
    }
    if (counts->log_bytes > LOG_BYTES)
        say(a, true,
            "the database's write-ahead log does not shrink: some program keeps a "
            "transaction open on it, end that");
    if (counts->last_processed_ms > 0 && report->queue.length == 0 &&
        report->now_ms - counts->last_processed_ms >= QUIET_MS) {
        listing_age(report->now_ms - counts->last_processed_ms, age);
        say(a, false,
            "no event for %s: if that is odd, see in Clerk's dashboard whether the endpoint was "
            "disabled",
            age);
    }
}

void status_advise(const struct status_report *report, status_advice_fn *fn, void *arg)
{
    const struct advice a = { fn, arg };
    if (!report->has_queue)
        say(&a, true,
            "Redis: %s; ingest answers 503 and Svix repeats: start it, or correct REDIS_URL",
            report->queue_why);
    if (!report->has_store && !report->store_late)
        say(&a, true, "database: %s; events stay in Redis until it is cured", report->store_why);
    if (report->has_queue) {
        on_backlog(&a, report);
        on_consumers(&a, report);
        on_server(&a, &report->queue.server);
    }
    if (report->has_store)
        on_store(&a, report);
    else if (report->store_late)
        say(&a, false, "%s: a worker creates it when it starts", report->store_why);
}
