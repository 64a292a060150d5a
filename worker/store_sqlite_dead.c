#include <assert.h>

#include "worker/store_sqlite.h"

static enum status run_on(struct store_sqlite *store, enum fixed which, struct slice svix_id)
{
    struct call c = call_fixed(store, which);
    call_text(&c, svix_id);
    enum status st = call_run(&c);
    if (st != STATUS_OK)
        return st;
    return call_changes(store) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status store_sqlite_reopen(struct store *base, struct slice svix_id, int64_t now_ms)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    struct call c = call_fixed(store, FIXED_REOPEN);
    call_text(&c, svix_id);
    call_int(&c, now_ms); /* and so pruning leaves the mark alone until the event has come */
    enum status st = call_run(&c);
    if (st != STATUS_OK)
        return st;
    return call_changes(store) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status store_sqlite_take_retry(struct store *base, struct slice svix_id)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    enum status st = run_on(store, FIXED_TAKE_RETRY, svix_id);
    if (st != STATUS_OK)
        return st;
    st = run_on(store, FIXED_DROP_DEAD, svix_id);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st; /* the letter was removed by hand */
}

enum status store_sqlite_drop_dead(struct store *base, struct slice svix_id)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    enum status st = run_on(store, FIXED_DROP_DEAD, svix_id);
    if (st != STATUS_OK)
        return st;
    st = run_on(store, FIXED_END_RETRY, svix_id);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}
