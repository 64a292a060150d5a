#include <assert.h>

#include "worker/store_sqlite.h"

enum status store_sqlite_record(struct store *base, const struct store_ledger_row *row)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    struct call c = call_fixed(store, FIXED_RECORD);
    call_text(&c, row->svix_id);
    call_text_or_null(&c, row->type);
    call_text_or_null(&c, row->clerk_id);
    call_text_or_null(&c, row->instance_id);
    call_int_or_null(&c, row->event_at);
    call_int_or_null(&c, row->received_at);
    call_int(&c, row->processed_at);
    call_text(&c, slice_of(store_outcome_name(row->outcome)));
    enum status st = call_run(&c);
    if (st != STATUS_OK)
        return st;
    return call_changes(store) > 0 ? STATUS_OK : STATUS_DUPLICATE;
}

enum status store_sqlite_set_outcome(struct store *base, struct slice svix_id,
                                     enum store_outcome outcome)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    struct call c = call_fixed(store, FIXED_SET_OUTCOME);
    call_text(&c, svix_id);
    call_text(&c, slice_of(store_outcome_name(outcome)));
    enum status st = call_run(&c);
    if (st != STATUS_OK)
        return st;
    return call_changes(store) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status store_sqlite_bury(struct store *base, const struct store_dead_letter *letter)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    struct call c = call_fixed(store, FIXED_BURY);
    call_text(&c, letter->svix_id);
    call_text_or_null(&c, letter->type);
    call_text(&c, letter->reason);
    call_int(&c, letter->attempts);
    call_bytes(&c, letter->body);
    call_int_or_null(&c, letter->received_at);
    call_int(&c, letter->failed_at);
    return call_run(&c);
}

enum status store_sqlite_attempt(struct store *base, struct slice svix_id, int64_t *ret_count)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    int64_t count = 0;
    struct call c = call_fixed(store, FIXED_ATTEMPT);
    call_text(&c, svix_id);
    enum status st = call_run_for(&c, &count, NULL);
    if (st == STATUS_OK)
        *ret_count = count;
    return st;
}

enum status store_sqlite_attempt_done(struct store *base, struct slice svix_id)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    struct call c = call_fixed(store, FIXED_ATTEMPT_DONE);
    call_text(&c, svix_id);
    return call_run(&c);
}

enum status store_sqlite_signs(struct store *base, struct store_signs *ret_signs)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct store_signs signs = { 0 };
    struct call c = call_fixed(store, FIXED_COUNT_DEAD);
    enum status st = call_run_for(&c, &signs.dead_letters, NULL);
    if (st != STATUS_OK)
        return st;
    c = call_fixed(store, FIXED_LAST_EVENT);
    st = call_run_for(&c, &signs.last_event_ms, NULL);
    if (st == STATUS_OK)
        *ret_signs = signs;
    return st;
}
