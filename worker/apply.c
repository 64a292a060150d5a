#include "worker/apply.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/fault.h"
#include "common/utf8.h"
#include "worker/catalog.h"

const char *apply_result_name(enum apply_result result)
{
    static const char *const names[APPLY_RESULT_COUNT] = { "applied", "stale", "ignored", "dead",
                                                           "duplicate" };
    return result < APPLY_RESULT_COUNT ? names[result] : "unknown";
}

/* One run over a batch. */
struct run {
    struct store *store;
    int64_t now_ms;
    int64_t attempts; /* 0: an ordinary batch */
    bool isolated;    /* each event inside a savepoint */
    struct event *events;
    enum apply_result *results;
    struct store_plan *plans; /* the order to go by; NULL: as the events stand */
};

static enum store_outcome first_outcome(const struct event *ev)
{
    switch (ev->action) {
    case EVENT_IGNORE:
        return STORE_IGNORED;
    case EVENT_DEAD:
        return STORE_DEAD;
    case EVENT_UPSERT:
    case EVENT_DELETE:
        break;
    }
    return STORE_APPLIED; /* what nearly every event comes to; corrected when the guards say
                             otherwise */
}

static struct store_ledger_row ledger_row(const struct run *run, const struct event *ev)
{
    return (struct store_ledger_row){
        .svix_id = ev->svix_id,
        .type = ev->type,
        .clerk_id = ev->clerk_id,
        .instance_id = ev->instance_id,
        .event_at = ev->event_at,
        .received_at = ev->received_ms,
        .processed_at = run->now_ms,
        .outcome = first_outcome(ev),
    };
}

static enum status record(const struct run *run, const struct event *ev)
{
    struct store_ledger_row row = ledger_row(run, ev);
    return store_record(run->store, &row);
}

static enum status bury(const struct run *run, const struct event *ev)
{
    struct store_dead_letter letter = {
        .svix_id = ev->svix_id,
        .type = ev->type,
        .reason = slice_of(ev->reason),
        .body = ev->body,
        .attempts = run->attempts > 0 ? run->attempts : 1,
        .received_at = ev->received_ms,
        .failed_at = run->now_ms,
    };
    return store_bury(run->store, &letter);
}

enum status apply_object(struct store *store, const struct event *ev)
{
    enum status st = store_upsert(store, &ev->row);
    for (size_t i = 0; st == STATUS_OK && i < ev->object->child_count; i++)
        st = store_replace_children(store, ev->object->children[i].table, ev->clerk_id,
                                    &ev->children[i]);
    return st;
}

static enum status take_effect(const struct run *run, const struct event *ev)
{
    switch (ev->action) {
    case EVENT_IGNORE:
        return STATUS_OK;
    case EVENT_DEAD:
        return bury(run, ev);
    case EVENT_UPSERT:
        FAULT_POINT("in_effect", ev->svix_id);
        return apply_object(run->store, ev);
    case EVENT_DELETE:
        return store_delete(run->store, ev->row.table, ev->clerk_id, ev->event_at);
    }
    return STATUS_FATAL;
}

/* An operator may have put a dead letter back into the stream: then its ledger row and the letter
 * are gone now, and it is an event like others. Any trouble goes to *st. */
static bool is_wanted_again(const struct run *run, const struct event *ev, enum status *st)
{
    enum status taken = store_take_retry(run->store, ev->svix_id);
    if (taken != STATUS_OK && taken != STATUS_NOT_FOUND)
        *st = taken;
    return taken == STATUS_OK;
}

static enum apply_result result_of(const struct event *ev)
{
    if (ev->action == EVENT_IGNORE)
        return APPLY_IGNORED;
    return ev->action == EVENT_DEAD ? APPLY_DEAD : APPLY_APPLIED;
}

static enum status apply_event(const struct run *run, const struct event *ev,
                               enum apply_result *ret_result)
{
    enum status st = record(run, ev);
    if (st == STATUS_DUPLICATE && is_wanted_again(run, ev, &st))
        st = record(run, ev);
    if (st == STATUS_DUPLICATE) {
        *ret_result = APPLY_DUPLICATE;
        return STATUS_OK;
    }
    if (st == STATUS_OK)
        st = take_effect(run, ev);
    if (st == STATUS_STALE) {
        st = store_set_outcome(run->store, ev->svix_id, STORE_STALE);
        if (st == STATUS_OK)
            *ret_result = APPLY_STALE;
        return st;
    }
    if (st == STATUS_OK)
        *ret_result = result_of(ev);
    return st;
}

static void condemn(const struct run *run, struct event *ev)
{
    snprintf(ev->reason, sizeof(ev->reason), APPLY_REFUSED "%s", store_why(run->store));
    utf8_mend(ev->reason); /* cut anywhere, or in a server's own encoding */
    ev->action = EVENT_DEAD;
}

/* As apply_event(), but what the database refuses for its content is undone and buried. */
static enum status apply_isolated(const struct run *run, struct event *ev,
                                  enum apply_result *ret_result)
{
    enum status st = store_savepoint(run->store);
    if (st == STATUS_OK)
        st = apply_event(run, ev, ret_result);
    if (st == STATUS_BAD_DATA) {
        condemn(run, ev);
        st = store_rollback_to(run->store);
        if (st == STATUS_OK)
            st = apply_event(run, ev, ret_result);
    }
    return st == STATUS_OK ? store_release(run->store) : st;
}

/* Announces the events to a database that gains from it; run->plans is the order then. */
static enum status plan(struct run *run, size_t count)
{
    if (run->isolated || !store_wants_plan(run->store))
        return STATUS_OK;
    run->plans = calloc(count, sizeof *run->plans);
    if (!run->plans)
        return STATUS_OK; /* slower, but it goes without */
    for (size_t i = 0; i < count; i++) {
        const struct event *ev = &run->events[i];
        bool has_row = ev->action == EVENT_UPSERT || ev->action == EVENT_DELETE;
        run->plans[i] = (struct store_plan){
            .ledger = ledger_row(run, ev),
            .row = has_row ? &ev->row : NULL,
            .is_delete = ev->action == EVENT_DELETE,
            .place = i,
        };
    }
    return store_plan(run->store, run->plans, count);
}

static enum status note_stale(void *arg, size_t place)
{
    const struct run *run = arg;
    run->results[place] = APPLY_STALE;
    return store_set_outcome(run->store, run->events[place].svix_id, STORE_STALE);
}

static enum status apply_each(struct run *run, size_t count)
{
    enum status st = STATUS_OK;
    for (size_t k = 0; st == STATUS_OK && k < count; k++) {
        size_t i = run->plans ? run->plans[k].place : k;
        st = run->isolated ? apply_isolated(run, &run->events[i], &run->results[i])
                           : apply_event(run, &run->events[i], &run->results[i]);
        FAULT_POINT("after_effect", run->events[i].svix_id);
    }
    return st == STATUS_OK ? store_settle(run->store, note_stale, run) : st;
}

static enum status apply_all(struct run *run, size_t count)
{
    enum status st = store_begin(run->store);
    FAULT_POINT("after_begin", run->events[0].svix_id);
    if (st == STATUS_OK)
        st = plan(run, count);
    if (st == STATUS_OK)
        st = apply_each(run, count);
    if (st == STATUS_OK && run->attempts > 0)
        st = store_attempt_done(run->store, run->events[0].svix_id);
    FAULT_POINT("before_commit", run->events[0].svix_id);
    if (st == STATUS_OK)
        st = store_commit(run->store);
    FAULT_POINT("after_commit", run->events[0].svix_id);
    if (st != STATUS_OK)
        store_rollback(run->store);
    free(run->plans);
    run->plans = NULL;
    return st;
}

/* What is refused only at the commit, by a deferred constraint of the application's, shows whose it
 * is in a transaction of its own. */
static enum status apply_one_by_one(struct run run, size_t count)
{
    enum status st = STATUS_OK;
    for (; st == STATUS_OK && count > 0; count--, run.events++, run.results++) {
        st = apply_all(&run, 1);
        if (st == STATUS_BAD_DATA) {
            condemn(&run, run.events);
            st = apply_all(&run, 1);
        }
    }
    return st;
}

enum status apply_batch(struct store *store, struct event *events, size_t count, int64_t now_ms,
                        int64_t attempts, enum apply_result *results)
{
    if (count == 0)
        return STATUS_OK;
    struct run run = { .store = store, .now_ms = now_ms, .attempts = attempts, .events = events };
    run.results = results;
    enum status st = apply_all(&run, count);
    if (st != STATUS_BAD_DATA)
        return st;
    run.isolated = true; /* somebody in here is the cause: find out who, and spare the others */
    st = apply_all(&run, count);
    if (st == STATUS_BAD_DATA)
        st = apply_one_by_one(run, count);
    return st == STATUS_BAD_DATA ? STATUS_FATAL : st; /* not even a dead letter could be written */
}

enum status apply_attempt(struct store *store, struct slice svix_id, int64_t *ret_count)
{
    int64_t count = 0;
    enum status st = store_begin(store);
    if (st == STATUS_OK)
        st = store_attempt(store, svix_id, &count);
    if (st == STATUS_OK)
        st = store_commit(store);
    if (st != STATUS_OK) {
        store_rollback(store);
        return st;
    }
    *ret_count = count;
    return STATUS_OK;
}

enum status apply_attempt_forget(struct store *store, struct slice svix_id)
{
    enum status st = store_begin(store);
    if (st == STATUS_OK)
        st = store_attempt_done(store, svix_id);
    if (st == STATUS_OK)
        st = store_commit(store);
    if (st != STATUS_OK)
        store_rollback(store);
    return st;
}
