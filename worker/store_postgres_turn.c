#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "worker/store_postgres_parts.h"

static enum status send_fixed(struct store_postgres *store, enum pg_fixed which)
{
    struct pg_call c = pg_call_fixed(store, which);
    return pg_send(&c, NULL, 0);
}

static enum status ask_fixed(struct store_postgres *store, enum pg_fixed which)
{
    struct pg_call c = pg_call_fixed(store, which);
    return pg_ask(&c);
}

enum status store_postgres_begin(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(!store->in_transaction);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    store->failed = STATUS_OK;
    store->in_transaction = true;
    st = send_fixed(store, PG_BEGIN);
    if (st == STATUS_OK && store->is_pooled)
        st = pg_set_locally(store);
    store->in_transaction = st == STATUS_OK;
    return st;
}

static void on_turn(struct store_postgres *store, const struct pg_result *answer, size_t place)
{
    (void)answer;
    (void)place;
    store->waits_for_turn = false;
}

enum status pg_take_turn(struct store_postgres *store, bool shared)
{
    if (store->has_turn)
        return STATUS_OK;
    store->has_turn = true;
    store->waits_for_turn = true;
    struct pg_call c = pg_call_fixed(store, shared ? PG_TURN_SHARED : PG_TURN);
    return pg_send(&c, on_turn, 0);
}

static void end_transaction(struct store_postgres *store)
{
    store->in_transaction = false;
    store->has_turn = false;
    store->waits_for_turn = false;
    store->is_new = false;
    store->failed = STATUS_OK;
    pg_plan_end(&store->plan);
}

void store_postgres_rollback(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    char why[STORE_ERROR_MAX];
    if (!store->in_transaction)
        return;
    memcpy(why, store->base.why, sizeof(why));
    if (store->conn && store->owed_count > 0)
        status_ignore(pg_settle_all(store));
    store->failed = STATUS_OK;
    if (store->conn) {
        struct pg_call c = pg_call_once(store, "ROLLBACK");
        if (pg_ask(&c) != STATUS_OK)
            pg_disconnect(store); /* the server rolls back what it finds abandoned */
    }
    end_transaction(store);
    memcpy(store->base.why, why, sizeof(why));
}

/* Without an answer it is not known whether it was committed; the events come again, and the ledger
 * knows. */
enum status store_postgres_commit(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    enum status st = pg_plan_flush(store);
    if (st == STATUS_OK)
        st = pg_settle_all(store);
    if (st == STATUS_OK)
        st = ask_fixed(store, PG_COMMIT);
    if (st == STATUS_OK)
        end_transaction(store);
    else
        store_postgres_rollback(base);
    return st;
}

enum status store_postgres_savepoint(struct store *base)
{
    return send_fixed(store_postgres_of(base), PG_SAVEPOINT);
}

enum status store_postgres_release(struct store *base)
{
    return ask_fixed(store_postgres_of(base), PG_RELEASE);
}

enum status store_postgres_rollback_to(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    if (store->conn && store->owed_count > 0)
        status_ignore(pg_settle_all(store));
    store->failed = STATUS_OK;
    store->is_new = false;
    store->plan.many.count = 0; /* children that could not be sent */
    store->has_turn = false;    /* it may have been taken behind the savepoint */
    return ask_fixed(store, PG_ROLLBACK_TO);
}

static enum status prune(struct store_postgres *store, int64_t before_ms, size_t limit,
                         int64_t *ret_removed)
{
    struct pg_call c = pg_call_fixed(store, PG_PRUNE);
    pg_int(&c, before_ms);
    pg_int(&c, limit < INT32_MAX ? (int64_t)limit : INT32_MAX);
    return pg_run(&c, ret_removed);
}

enum status store_postgres_prune(struct store *base, int64_t before_ms, size_t limit,
                                 size_t *ret_removed)
{
    int64_t removed = 0;
    enum status st = store_postgres_begin(base);
    if (st != STATUS_OK)
        return st;
    st = prune(store_postgres_of(base), before_ms, limit, &removed);
    if (st == STATUS_OK)
        st = store_postgres_commit(base);
    if (st == STATUS_OK)
        *ret_removed = (size_t)removed;
    else
        store_postgres_rollback(base);
    return st;
}

/* PostgreSQL looks after its log and its dead rows by itself. */
enum status store_postgres_maintain(struct store *base, bool idle)
{
    (void)base;
    (void)idle;
    return STATUS_OK;
}

enum status store_postgres_ping(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    store->is_asking_briefly = true;
    st = ask_fixed(store, PG_PING);
    store->is_asking_briefly = false;
    return st;
}
