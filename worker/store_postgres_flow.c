#include <assert.h>
#include <stdlib.h>

#include "worker/store_postgres_parts.h"

struct pg_fate *pg_plan_fate(struct store_postgres *store)
{
    struct pg_plan *plan = &store->plan;
    return plan->is_on && plan->current < plan->count ? &plan->fates[plan->current] : NULL;
}

static bool is_event(const struct pg_plan *plan, size_t index, struct slice svix_id)
{
    return index < plan->count && slice_equals(plan->events[index].ledger.svix_id, svix_id);
}

bool pg_plan_record(struct store_postgres *store, struct slice svix_id, enum status *ret_status)
{
    struct pg_plan *plan = &store->plan;
    if (!plan->is_on)
        return false;
    assert(plan->fates);
    size_t next = plan->current == plan->count ? 0 : plan->current + 1;
    struct pg_fate *fate = pg_plan_fate(store);
    if (fate && fate->is_retrying && is_event(plan, plan->current, svix_id)) {
        fate->is_retrying = false; /* its mark was taken away, and now it is recorded for good */
        return false;
    }
    if (!is_event(plan, next, svix_id))
        return false;
    plan->current = next;
    fate = &plan->fates[next];
    *ret_status = fate->is_recorded && !fate->is_claimed ? STATUS_OK : STATUS_DUPLICATE;
    fate->is_claimed = true;
    return true;
}

enum status pg_plan_children(struct store_postgres *store, const struct pg_children *children)
{
    struct pg_plan *plan = &store->plan;
    if (plan->waiting_count == plan->waiting_room) {
        size_t room = plan->waiting_room ? plan->waiting_room * 2 : 64;
        struct pg_children *more = realloc(plan->waiting, room * sizeof(*more));
        if (!more)
            return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
        plan->waiting = more;
        plan->waiting_room = room;
    }
    plan->waiting[plan->waiting_count] = *children;
    plan->waiting[plan->waiting_count].place = plan->current;
    plan->waiting_count++;
    return STATUS_OK;
}

/* Table after table, so that the rows of one can share statements, and as they came in each. */
static int by_table(const void *a, const void *b)
{
    const struct pg_children *x = a, *y = b;
    if (x->table != y->table)
        return catalog_table_index(x->table) < catalog_table_index(y->table) ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static enum status write_waiting(struct store_postgres *store)
{
    struct pg_plan *plan = &store->plan;
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < plan->waiting_count; i++) {
        const struct pg_fate *fate = &plan->fates[plan->waiting[i].place];
        if (!fate->is_stale)
            st = pg_write_children(store, &plan->waiting[i], fate->is_new);
    }
    plan->waiting_count = 0;
    return st == STATUS_OK ? pg_many_send(store) : st;
}

enum status pg_plan_flush(struct store_postgres *store)
{
    struct pg_plan *plan = &store->plan;
    enum status st = pg_many_send(store);
    if (st != STATUS_OK || plan->waiting_count == 0)
        return st;
    qsort(plan->waiting, plan->waiting_count, sizeof(*plan->waiting), by_table);
    st = pg_settle_all(store);
    return st == STATUS_OK ? write_waiting(store) : st;
}

enum status store_postgres_settle(struct store *base, store_stale_fn *fn, void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    if (!store->plan.is_on)
        return STATUS_OK;
    enum status st = pg_plan_flush(store);
    if (st == STATUS_OK)
        st = pg_settle_all(store);
    for (size_t i = 0; st == STATUS_OK && i < store->plan.count; i++)
        if (store->plan.fates[i].is_stale)
            st = fn(arg, store->plan.events[i].place);
    return st;
}
