#include "worker/processor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/fault.h"
#include "common/log.h"
#include "worker/event_counters.h"
#include "worker/queue_reader.h"
#include "worker/trouble.h"
#include "worker/worker_conf.h"
#include "worker/worker_counters.h"

enum {
    SUSPECT_DELIVERIES = 3, /* from the third delivery on an event runs alone */
    LONELY_DEATHS_MAX = 3,  /* then it is a dead letter */
    FORGET_MS = 2000,       /* what a stop may be put off for a lonely attempt to be forgotten */
    FORGET_PAUSE_MS = 20,
};

enum status processor_init(struct processor *p)
{
    size_t most = (size_t)p->conf->batch_size;
    p->events = calloc(most, sizeof(*p->events));
    p->results = calloc(most, sizeof(*p->results));
    p->places = calloc(most, sizeof(*p->places));
    return p->events && p->results && p->places ? STATUS_OK : STATUS_NO_MEMORY;
}

void processor_release(struct processor *p)
{
    free(p->events);
    free(p->results);
    free(p->places);
    *p = (struct processor){ 0 };
}

static void note_dead(const struct event *ev)
{
    if (slice_starts_with(slice_of(ev->reason), SLICE(APPLY_REFUSED)))
        counters_add(worker_counters(), WORKER_DB_ERRORS_DATA, 1);
    log_warn("event=dead_letter svix_id=%.*s type=%.*s reason=%s action=kept_in_dead_letters",
             SLICE_ARG(ev->svix_id), SLICE_ARG(ev->type), ev->reason);
}

static void note_times(const struct event *ev, int64_t now_ms)
{
    if (ev->sent_s > 0)
        histograms_observe(worker_histograms(), WORKER_END_TO_END, now_ms / 1000 - ev->sent_s);
    if (ev->received_ms > counters_get(worker_counters(), WORKER_LAST_EVENT_MS))
        counters_set(worker_counters(), WORKER_LAST_EVENT_MS, ev->received_ms);
}

static void note_results(const struct processor *p, size_t count)
{
    int64_t now_ms = p->clock->wall_ms();
    for (size_t i = 0; i < count; i++) {
        event_counters_add(p->events[i].type, p->results[i]);
        note_times(&p->events[i], now_ms);
        if (p->results[i] == APPLY_DEAD)
            note_dead(&p->events[i]);
        log_debug("event=processed svix_id=%.*s type=%.*s outcome=%s",
                  SLICE_ARG(p->events[i].svix_id), SLICE_ARG(p->events[i].type),
                  apply_result_name(p->results[i]));
    }
    counters_add(worker_counters(), WORKER_BATCHES, 1);
    counters_set(worker_counters(), WORKER_LAST_COMMIT_MS, now_ms);
    histograms_observe(worker_histograms(), WORKER_BATCH_SIZE, (int64_t)count);
}

/* An entry that somebody else wrote into our stream: kept as a dead letter under its entry id. */
static struct event foreign_event(const struct queue_entry *entry)
{
    return (struct event){
        .action = EVENT_DEAD,
        .svix_id = entry->entry_id,
        .type = entry->type,
        .body = entry->body,
        .received_ms = entry->received_ms,
        .reason = "the stream entry has no svix-id, so clerk-ingest did not write it",
    };
}

static enum status decode(const struct processor *p, const struct queue_entry *entry,
                          struct event *ret_event)
{
    FAULT_POINT("before_decode", entry->svix_id);
    if (entry->svix_id.len == 0) {
        *ret_event = foreign_event(entry);
        return STATUS_OK;
    }
    struct event_source source = {
        .svix_id = entry->svix_id,
        .type = entry->type,
        .sent_s = entry->sent_s,
        .received_ms = entry->received_ms,
        .body = entry->body,
    };
    return event_decode(&source, slice_of(p->conf->instance_id), ret_event);
}

/* What to do after a failed transaction: STATUS_OK to try again (the waiting is done), anything
 * else to give up. */
static enum status after_failure(struct processor *p, enum status st)
{
    if (st == STATUS_UNAVAILABLE) {
        trouble_wait(p->database, store_why(p->store));
        return *p->stop ? STATUS_STOPPED : STATUS_OK;
    }
    if (st != STATUS_STOPPED)
        counters_add(worker_counters(), WORKER_DB_ERRORS_OPERATOR, 1);
    if (st != STATUS_STOPPED)
        log_error("event=database_failed why=%s action=stopping_events_stay_in_redis",
                  store_why(p->store));
    return st;
}

/* A stop has killed nobody, and three of them on one event shall not make a dead letter. With the
 * stop flag set nothing waits for its turn any more, so that another worker's takes more tries. */
static void forget_attempt(struct processor *p, struct slice svix_id)
{
    int64_t until_ms = p->clock->mono_ms() + FORGET_MS;
    while (apply_attempt_forget(p->store, svix_id) != STATUS_OK && p->clock->mono_ms() < until_ms)
        clock_sleep_ms(FORGET_PAUSE_MS);
}

/* Applies the first count of p->events, however long the database is away. */
static enum status apply_until_done(struct processor *p, size_t count, int64_t attempts)
{
    bool is_counted = attempts > 0 && p->events[0].action != EVENT_DEAD;
    for (;;) {
        int64_t start_us = clock_mono_us();
        enum status st = apply_batch(p->store, p->events, count, p->clock->wall_ms(), attempts,
                                     p->results);
        if (st == STATUS_OK) {
            histograms_observe(worker_histograms(), WORKER_TX_DURATION, clock_mono_us() - start_us);
            trouble_over(p->database);
            note_results(p, count);
            return st;
        }
        /* The event has not killed us, the database is in trouble or we shall stop. Whatever ends
         * us now shall not be put down to the event. */
        if ((st == STATUS_UNAVAILABLE || st == STATUS_STOPPED) && is_counted)
            is_counted = apply_attempt_forget(p->store, p->events[0].svix_id) != STATUS_OK;
        st = after_failure(p, st);
        if (st == STATUS_STOPPED && is_counted)
            forget_attempt(p, p->events[0].svix_id);
        if (st != STATUS_OK)
            return st;
    }
}

static enum status count_attempt(struct processor *p, struct slice svix_id, int64_t *ret_count)
{
    for (;;) {
        enum status st = apply_attempt(p->store, svix_id, ret_count);
        if (st != STATUS_OK)
            st = after_failure(p, st);
        else
            return STATUS_OK;
        if (st != STATUS_OK)
            return st;
    }
}

static void release_events(struct processor *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        event_release(&p->events[i]);
}

/* An event that may have killed workers before: alone, and counted before it is looked at. */
static enum status process_suspect(struct processor *p, const struct batch *batch, size_t place)
{
    const struct queue_entry *entry = &batch->entries[place];
    int64_t attempt = 0;
    enum status st = count_attempt(p, entry->svix_id, &attempt);
    if (st != STATUS_OK)
        return st;
    if (attempt > LONELY_DEATHS_MAX) {
        p->events[0] = foreign_event(entry);
        p->events[0].svix_id = entry->svix_id;
        snprintf(p->events[0].reason, EVENT_REASON_MAX,
                 "killed the worker %d times while it ran alone", LONELY_DEATHS_MAX);
        attempt = LONELY_DEATHS_MAX;
    } else {
        st = decode(p, entry, &p->events[0]);
    }
    if (st == STATUS_OK)
        st = apply_until_done(p, 1, attempt);
    release_events(p, 1);
    if (st == STATUS_OK)
        queue_reader_owe(p->reader, batch, place, 1);
    return st;
}

static bool is_suspect(const struct queue_entry *entry)
{
    return entry->deliveries >= SUSPECT_DELIVERIES && entry->svix_id.len > 0;
}

/* All ordinary events of a batch in one transaction. */
static enum status process_ordinary(struct processor *p, const struct batch *batch)
{
    size_t count = 0;
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < batch->count; i++) {
        if (is_suspect(&batch->entries[i]) || batch->entries[i].is_gone)
            continue;
        st = decode(p, &batch->entries[i], &p->events[count]);
        if (st == STATUS_OK)
            p->places[count++] = i;
    }
    if (st == STATUS_OK && count > 0)
        st = apply_until_done(p, count, 0);
    release_events(p, count);
    for (size_t i = 0; st == STATUS_OK && i < count; i++)
        queue_reader_owe(p->reader, batch, p->places[i], 1);
    return st;
}

enum status processor_run(struct processor *p, const struct batch *batch)
{
    bool redis_answers = true;
    enum status st = process_ordinary(p, batch);
    for (size_t i = 0; st == STATUS_OK && i < batch->count; i++) {
        const struct queue_entry *entry = &batch->entries[i];
        if (entry->deliveries > 1)
            counters_add(worker_counters(), WORKER_CLAIMED, 1);
        if (entry->is_gone) {
            queue_reader_owe(p->reader, batch, i, 1);
        } else if (is_suspect(entry) && *p->stop) {
            st = STATUS_STOPPED; /* they may take longer than we are given to stop */
        } else if (is_suspect(entry)) {
            /* What is committed shall not come back with the next death. Not reaching Redis now
             * changes nothing, but to wait for a frozen one before each event would take hours. */
            redis_answers = redis_answers && queue_reader_flush(p->reader) == STATUS_OK;
            st = process_suspect(p, batch, i);
        }
    }
    return st;
}
