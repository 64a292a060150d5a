#include "worker/upkeep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "worker/queue_reader.h"
#include "worker/queue_watch.h"
#include "worker/redis_link.h"
#include "worker/store.h"
#include "worker/trouble.h"
#include "worker/worker_conf.h"
#include "worker/worker_counters.h"

enum {
    WATCH_MS = 2000,
    SWEEP_MS = 60 * 1000,
    PRUNE_MS = 5000,
    PRUNE_ROWS = 2000,
    IDLE_CLAIMS = 10, /* a consumer is gone after this many times CLAIM_IDLE_MS, and at least */
    IDLE_MIN_MS = 300 * 1000,
};

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

struct upkeep {
    const struct worker_conf *conf;
    const struct queue_conf *queue;
    const struct clock *clock;
    struct store *store;
    struct trouble *database;
    struct redis_link *link;
    int64_t next_watch_ms;
    int64_t next_sweep_ms;
    int64_t next_prune_ms;
    int64_t next_look_ms;
    bool refusal_told; /* said once: the rights of this Redis user do not reach that far */
    bool sweep_refused;
};

enum status upkeep_new(const struct worker_conf *conf, const struct queue_conf *queue,
                       const struct clock *clock, struct store *store, struct trouble *database,
                       struct redis_link *link, struct upkeep **ret_upkeep)
{
    struct upkeep *u = calloc(1, sizeof(*u));
    if (!u)
        return STATUS_NO_MEMORY;
    *u = (struct upkeep){
        .conf = conf,
        .queue = queue,
        .clock = clock,
        .store = store,
        .database = database,
        .link = link,
    };
    *ret_upkeep = u;
    return STATUS_OK;
}

void upkeep_free(struct upkeep *u)
{
    free(u);
}

/* True once every period, and at the first call. */
static bool is_due(const struct upkeep *u, int64_t *next_ms, int64_t period_ms)
{
    int64_t now_ms = u->clock->mono_ms();
    if (now_ms < *next_ms)
        return false;
    *next_ms = now_ms + period_ms;
    return true;
}

/* This Redis user lacks a right: that is asked again, so that the right may be given at any time,
 * and told once. */
static void tell_refusal(struct upkeep *u)
{
    if (!u->refusal_told)
        log_warn("event=lookup_refused why=%s action=going_on_without_some_metrics",
                 redis_link_why(u->link));
    u->refusal_told = true;
}

static enum status look_at_aof(struct upkeep *u)
{
    bool is_ok = false;
    enum status st = queue_watch_aof(u->link, &is_ok);
    if (st == STATUS_OK)
        counters_set(worker_counters(), WORKER_REDIS_AOF_OK, is_ok);
    if (st == STATUS_OK || !redis_link_is_refused(u->link))
        return st;
    tell_refusal(u);
    return STATUS_OK;
}

static enum status watch(struct upkeep *u)
{
    struct queue_backlog backlog;
    enum status st = redis_link_open(u->link);
    if (st == STATUS_OK)
        st = queue_watch_backlog(u->link, u->queue, u->clock->wall_ms(), &backlog);
    if (st != STATUS_OK)
        return st;
    if (backlog.is_refused)
        tell_refusal(u);
    counters_set(worker_counters(), WORKER_STREAM_LENGTH, backlog.length);
    counters_set(worker_counters(), WORKER_PENDING, backlog.pending);
    counters_set(worker_counters(), WORKER_GROUP_LAG, backlog.lag);
    counters_set(worker_counters(), WORKER_CONSUMERS, backlog.consumers);
    counters_set(worker_counters(), WORKER_OLDEST_AGE_MS, backlog.oldest_age_ms);
    return look_at_aof(u);
}

/* The last event is that of all workers on this database, and survives a restart. */
static enum status look_at_store(struct upkeep *u)
{
    struct store_signs signs;
    enum status st = store_ping(u->store);
    if (st == STATUS_OK)
        st = store_signs(u->store, &signs);
    if (st == STATUS_UNAVAILABLE)
        trouble_note(u->database, store_why(u->store));
    if (st != STATUS_OK)
        return st;
    trouble_over(u->database);
    counters_set(worker_counters(), WORKER_DEAD_LETTERS, signs.dead_letters);
    counters_set(worker_counters(), WORKER_LAST_EVENT_MS, signs.last_event_ms);
    return STATUS_OK;
}

static enum status sweep(struct upkeep *u)
{
    int64_t idle_ms = u->conf->claim_idle_ms * IDLE_CLAIMS;
    if (idle_ms < IDLE_MIN_MS)
        idle_ms = IDLE_MIN_MS;
    idle_ms = FAULT_PERIOD_MS("CLERK_FAULT_CONSUMER_IDLE_MS", idle_ms);
    enum status st = redis_link_open(u->link);
    if (st == STATUS_OK)
        st = queue_watch_sweep(u->link, u->queue, idle_ms, false);
    if (st != STATUS_UNAVAILABLE || !redis_link_is_refused(u->link))
        return st;
    if (!u->sweep_refused)
        log_warn("event=sweep_failed why=%s action=leaving_idle_consumers",
                 redis_link_why(u->link));
    u->sweep_refused = true;
    return STATUS_OK;
}

static enum status prune(struct upkeep *u)
{
    size_t removed = 0;
    int64_t before_ms = u->clock->wall_ms() - u->conf->dedupe_days * DAY_MS;
    enum status st = store_prune(u->store, before_ms, PRUNE_ROWS, &removed);
    if (st != STATUS_OK)
        return st;
    counters_add(worker_counters(), WORKER_PRUNED, (int64_t)removed);
    if (removed == PRUNE_ROWS)
        u->next_prune_ms = 0; /* there is more: go on after the next batch */
    return STATUS_OK;
}

enum status upkeep_turn(struct upkeep *u, bool idle)
{
    enum status st = is_due(u, &u->next_look_ms, WATCH_MS) ? look_at_store(u) : STATUS_OK;
    if (st == STATUS_OK)
        st = store_maintain(u->store, idle);
    if (st == STATUS_OK && is_due(u, &u->next_prune_ms, PRUNE_MS))
        st = prune(u);
    if (st == STATUS_FATAL) {
        log_error("event=database_failed why=%s action=stopping_events_stay_in_redis",
                  store_why(u->store));
        return st;
    }
    /* Redis' housekeeping does not wait for the database's, nor the other way round. */
    enum status redis = STATUS_OK;
    if (is_due(u, &u->next_watch_ms, WATCH_MS))
        redis = watch(u);
    if (redis == STATUS_OK &&
        is_due(u, &u->next_sweep_ms, FAULT_PERIOD_MS("CLERK_FAULT_SWEEP_MS", SWEEP_MS)))
        redis = sweep(u);
    return st != STATUS_OK ? st : redis;
}

void upkeep_leave(struct upkeep *u)
{
    if (u->conf->has_own_name || u->sweep_refused || redis_link_open(u->link) != STATUS_OK)
        return;
    if (queue_watch_sweep(u->link, u->queue, 0, true) != STATUS_OK)
        log_info("event=consumer_left_behind why=%s action=another_worker_removes_it",
                 redis_link_why(u->link));
}
