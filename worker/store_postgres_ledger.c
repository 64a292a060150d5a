#include <assert.h>

#include "worker/store_postgres_parts.h"

static enum status some(enum status st, int64_t changed, enum status none)
{
    return st == STATUS_OK && changed == 0 ? none : st;
}

enum status store_postgres_record(struct store *base, const struct store_ledger_row *row)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    int64_t changed = 0;
    enum status st = STATUS_OK;
    if (pg_plan_record(store, row->svix_id, &st))
        return st;
    /* Before the ledger's row is ours, as with a plan: always in this order, no two workers can
     * wait for each other. */
    st = pg_take_turn(store, false);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_fixed(store, PG_RECORD);
    pg_text(&c, row->svix_id);
    pg_type(&c, row->type);
    pg_text_or_null(&c, row->clerk_id);
    pg_text_or_null(&c, row->instance_id);
    pg_int_or_null(&c, row->event_at);
    pg_int_or_null(&c, row->received_at);
    pg_int(&c, row->processed_at);
    pg_text(&c, slice_of(store_outcome_name(row->outcome)));
    st = pg_run(&c, &changed);
    return some(st, changed, STATUS_DUPLICATE);
}

enum status store_postgres_set_outcome(struct store *base, struct slice svix_id,
                                       enum store_outcome outcome)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    int64_t changed = 0;
    struct pg_call c = pg_call_fixed(store, PG_SET_OUTCOME);
    pg_text(&c, svix_id);
    pg_text(&c, slice_of(store_outcome_name(outcome)));
    if (store->plan.is_on)
        return pg_send(&c, NULL, 0); /* its row is there: store_record() said so */
    enum status st = pg_run(&c, &changed);
    return some(st, changed, STATUS_NOT_FOUND);
}

enum status store_postgres_bury(struct store *base, const struct store_dead_letter *letter)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    struct pg_call c = pg_call_fixed(store, PG_BURY);
    pg_text(&c, letter->svix_id);
    pg_type(&c, letter->type);
    pg_text(&c, letter->reason);
    pg_int(&c, letter->attempts);
    pg_text(&c, letter->body);
    pg_int_or_null(&c, letter->received_at);
    pg_int(&c, letter->failed_at);
    return store->plan.is_on ? pg_send(&c, NULL, 0) : pg_ask(&c);
}

enum status store_postgres_attempt(struct store *base, struct slice svix_id, int64_t *ret_count)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    struct pg_call c = pg_call_fixed(store, PG_ATTEMPT);
    pg_text(&c, svix_id);
    enum status st = pg_ask(&c);
    if (st == STATUS_OK)
        *ret_count = pg_number(store->kept, 0, 0);
    return st;
}

enum status store_postgres_attempt_done(struct store *base, struct slice svix_id)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    struct pg_call c = pg_call_fixed(store, PG_ATTEMPT_DONE);
    pg_text(&c, svix_id);
    return pg_send(&c, NULL, 0);
}

static enum status first_number(struct store_postgres *store, enum pg_fixed which,
                                int64_t *ret_number)
{
    struct pg_call c = pg_call_fixed(store, which);
    enum status st = pg_ask(&c);
    if (st == STATUS_OK)
        *ret_number = pg_rows(store->kept) > 0 ? pg_number(store->kept, 0, 0) : 0;
    return st;
}

enum status store_postgres_signs(struct store *base, struct store_signs *ret_signs)
{
    struct store_postgres *store = store_postgres_of(base);
    struct store_signs signs = { 0 };
    enum status st = pg_connect(store);
    if (st == STATUS_OK)
        st = first_number(store, PG_COUNT_DEAD, &signs.dead_letters);
    if (st == STATUS_OK)
        st = first_number(store, PG_LAST_EVENT, &signs.last_event_ms);
    if (st == STATUS_OK)
        *ret_signs = signs;
    return st;
}

/* --- what an operator does to dead letters --- */

static enum status run_on(struct store_postgres *store, enum pg_fixed which, struct slice svix_id)
{
    int64_t changed = 0;
    struct pg_call c = pg_call_fixed(store, which);
    pg_text(&c, svix_id);
    enum status st = pg_run(&c, &changed);
    return some(st, changed, STATUS_NOT_FOUND);
}

enum status store_postgres_reopen(struct store *base, struct slice svix_id, int64_t now_ms)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    int64_t changed = 0;
    struct pg_call c = pg_call_fixed(store, PG_REOPEN);
    pg_text(&c, svix_id);
    pg_int(&c, now_ms); /* and so pruning leaves the mark alone until the event has come */
    enum status st = pg_run(&c, &changed);
    return some(st, changed, STATUS_NOT_FOUND);
}

enum status store_postgres_take_retry(struct store *base, struct slice svix_id)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    struct pg_fate *fate = pg_plan_fate(store);
    if (fate && !fate->is_retrying)
        return STATUS_NOT_FOUND;
    enum status st = run_on(store, PG_TAKE_RETRY, svix_id);
    if (st != STATUS_OK)
        return st;
    st = run_on(store, PG_DROP_DEAD, svix_id);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st; /* the letter was removed by hand */
}

enum status store_postgres_drop_dead(struct store *base, struct slice svix_id)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    enum status st = run_on(store, PG_DROP_DEAD, svix_id);
    if (st != STATUS_OK)
        return st;
    st = run_on(store, PG_END_RETRY, svix_id);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}
