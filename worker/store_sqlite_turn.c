#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

#include "worker/store_sqlite.h"

/* The log is written back when it has grown by this much. */
enum { CHECKPOINT_BYTES = 16 * 1024 * 1024 };

enum status store_sqlite_take_turn(struct store *store)
{
    enum status st = store_lock_take(&store->lock, store->stop);
    if (st == STATUS_STOPPED)
        return store_sqlite_because(store, st, "stopped while waiting for the writer's turn");
    if (st != STATUS_OK)
        return store_sqlite_because(store, st, "%s: %s", store->lock.path, strerror(errno));
    return STATUS_OK;
}

static enum status run_fixed(struct store *store, enum fixed which)
{
    struct call c = call_fixed(store, which);
    return call_run(&c);
}

enum status store_begin(struct store *store)
{
    assert(!store->in_transaction);
    enum status st = store_sqlite_take_turn(store);
    if (st != STATUS_OK)
        return st;
    st = store_sqlite_check_file(store);
    if (st == STATUS_OK)
        st = run_fixed(store, FIXED_BEGIN);
    if (st != STATUS_OK) {
        store_lock_give(&store->lock);
        return st;
    }
    store->in_transaction = true;
    store->new_id_len = 0;
    return STATUS_OK;
}

static void end_transaction(struct store *store)
{
    store->in_transaction = false;
    store->new_id_len = 0;
    store_lock_give(&store->lock);
}

enum status store_commit(struct store *store)
{
    assert(store->in_transaction);
    enum status st = run_fixed(store, FIXED_COMMIT);
    if (st == STATUS_OK)
        end_transaction(store);
    else
        store_rollback(store); /* SQLite may have left it open */
    return st;
}

void store_rollback(struct store *store)
{
    if (!store->in_transaction)
        return;
    /* On some errors SQLite has rolled back on its own already. */
    if (!sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    end_transaction(store);
}

enum status store_savepoint(struct store *store)
{
    return run_fixed(store, FIXED_SAVEPOINT);
}

enum status store_release(struct store *store)
{
    return run_fixed(store, FIXED_RELEASE);
}

enum status store_rollback_to(struct store *store)
{
    store->new_id_len = 0;
    return run_fixed(store, FIXED_ROLLBACK_TO);
}

static enum status prune(struct store *store, int64_t before_ms, size_t limit)
{
    struct call c = call_fixed(store, FIXED_PRUNE);
    call_int(&c, before_ms);
    call_int(&c, limit < INT32_MAX ? (int64_t)limit : INT32_MAX);
    return call_run(&c);
}

enum status store_prune(struct store *store, int64_t before_ms, size_t limit, size_t *ret_removed)
{
    enum status st = store_begin(store);
    if (st != STATUS_OK)
        return st;
    st = prune(store, before_ms, limit);
    int64_t removed = call_changes(store);
    if (st == STATUS_OK)
        st = store_commit(store);
    if (st == STATUS_OK)
        *ret_removed = (size_t)removed;
    else
        store_rollback(store);
    return st;
}

/* Without waiting for readers: they only put it off, and meanwhile we hold the turn. */
static enum status checkpoint(struct store *store)
{
    int64_t size = store_sqlite_log_bytes(store); /* now that nobody else changes it */
    if (size == 0)
        return STATUS_OK;
    enum status st = store_sqlite_check_file(store);
    if (st != STATUS_OK)
        return st;
    int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    bool is_blocked = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    store->checkpoint_at_bytes = CHECKPOINT_BYTES + (is_blocked ? size : 0);
    return code == SQLITE_OK || is_blocked ? STATUS_OK : store_sqlite_failed(store, code);
}

static enum status checkpoint_without_waiting(struct store *store)
{
    (void)sqlite3_busy_timeout(store->db, 0);
    enum status st = checkpoint(store);
    (void)sqlite3_busy_timeout(store->db, STORE_SQLITE_BUSY_MS);
    return st;
}

enum status store_maintain(struct store *store, bool idle)
{
    assert(!store->in_transaction);
    int64_t size = store_sqlite_log_bytes(store);
    bool is_due = size >= store->checkpoint_at_bytes;
    if (size == 0 || (!idle && !is_due))
        return STATUS_OK;
    if (is_due) {
        enum status st = store_sqlite_take_turn(store);
        if (st != STATUS_OK)
            return st == STATUS_STOPPED ? STATUS_OK : st;
    } else if (!store_lock_try(&store->lock)) {
        return STATUS_OK; /* somebody is at work: not idle after all */
    }
    enum status st = checkpoint_without_waiting(store);
    store_lock_give(&store->lock);
    return st;
}
