#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

#include "worker/store_sqlite.h"

/* The log is written back when it has grown by so much. */
enum { CHECKPOINT_BYTES = 16 << 20 };

enum status store_sqlite_take_turn(struct store_sqlite *store)
{
    enum status st = store_lock_take(&store->lock, store->stop);
    if (st == STATUS_STOPPED)
        return store_sqlite_because(store, st, "stopped while waiting for the writer's turn");
    if (st != STATUS_OK && errno == ETIMEDOUT)
        return store_sqlite_because(store, st,
                                    "another process has held the writer's turn (%s) for %d s; "
                                    "is it frozen?",
                                    store->lock.path, STORE_LOCK_WAIT_S);
    if (st != STATUS_OK)
        return store_sqlite_because(store, st, "%s: %s", store->lock.path, strerror(errno));
    return STATUS_OK;
}

static enum status run_fixed(struct store_sqlite *store, enum fixed which)
{
    struct call c = call_fixed(store, which);
    return call_run(&c);
}

enum status store_sqlite_begin(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
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

static void end_transaction(struct store_sqlite *store)
{
    store->in_transaction = false;
    store->new_id_len = 0;
    store_lock_give(&store->lock);
}

enum status store_sqlite_commit(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    enum status st = run_fixed(store, FIXED_COMMIT);
    if (st == STATUS_OK)
        end_transaction(store);
    else
        store_sqlite_rollback(&store->base); /* SQLite may have left it open */
    return st;
}

void store_sqlite_rollback(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    if (!store->in_transaction)
        return;
    /* On some errors SQLite has rolled back on its own already. */
    if (!sqlite3_get_autocommit(store->db))
        (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    end_transaction(store);
}

enum status store_sqlite_savepoint(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return run_fixed(store, FIXED_SAVEPOINT);
}

enum status store_sqlite_release(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    return run_fixed(store, FIXED_RELEASE);
}

enum status store_sqlite_rollback_to(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    store->new_id_len = 0;
    return run_fixed(store, FIXED_ROLLBACK_TO);
}

static enum status prune(struct store_sqlite *store, int64_t before_ms, size_t limit)
{
    struct call c = call_fixed(store, FIXED_PRUNE);
    call_int(&c, before_ms);
    call_int(&c, limit < INT32_MAX ? (int64_t)limit : INT32_MAX);
    return call_run(&c);
}

enum status store_sqlite_prune(struct store *base, int64_t before_ms, size_t limit,
                               size_t *ret_removed)
{
    struct store_sqlite *store = store_sqlite_of(base);
    enum status st = store_sqlite_begin(&store->base);
    if (st != STATUS_OK)
        return st;
    st = prune(store, before_ms, limit);
    int64_t removed = call_changes(store);
    if (st == STATUS_OK)
        st = store_sqlite_commit(&store->base);
    if (st == STATUS_OK)
        *ret_removed = (size_t)removed;
    else
        store_sqlite_rollback(&store->base);
    return st;
}

/* PASSIVE under load: the log starts over in the same file, which spares the file system the work
 * of giving the space back and taking it again. TRUNCATE when idle. Neither waits for readers: they
 * only put it off, and meanwhile we hold the turn. */
static enum status checkpoint(struct store_sqlite *store, int mode)
{
    int log_pages = 0, done_pages = 0;
    enum status st = store_sqlite_check_file(store);
    if (st != STATUS_OK)
        return st;
    (void)sqlite3_busy_timeout(store->db, 0);
    int code = sqlite3_wal_checkpoint_v2(store->db, "main", mode, &log_pages, &done_pages);
    (void)sqlite3_busy_timeout(store->db, STORE_SQLITE_BUSY_MS);
    bool is_blocked = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    if (code != SQLITE_OK && !is_blocked)
        return store_sqlite_failed(store, code);
    /* A reader keeps the log from starting over: try again when it has grown as much once more. */
    bool is_whole = !is_blocked && done_pages == log_pages;
    store->checkpoint_at_pages = store->checkpoint_pages + (is_whole ? 0 : log_pages);
    store->log_pages = 0;
    return STATUS_OK;
}

static enum status checkpoint_when_due(struct store_sqlite *store)
{
    enum status st = store_sqlite_take_turn(store);
    if (st != STATUS_OK)
        return st == STATUS_STOPPED ? STATUS_OK : st;
    st = checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
    store_lock_give(&store->lock);
    return st;
}

static enum status checkpoint_when_idle(struct store_sqlite *store)
{
    if (store_sqlite_log_bytes(store) == 0)
        return STATUS_OK;
    if (!store_lock_try(&store->lock))
        return STATUS_OK; /* somebody is at work: not idle after all */
    enum status st = checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);
    store_lock_give(&store->lock);
    return st;
}

enum status store_sqlite_maintain(struct store *base, bool idle)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(!store->in_transaction);
    if (store->log_pages >= store->checkpoint_at_pages)
        return checkpoint_when_due(store);
    return idle ? checkpoint_when_idle(store) : STATUS_OK;
}

static int on_commit(void *arg, struct sqlite3 *db, const char *name, int log_pages)
{
    struct store_sqlite *store = arg;
    (void)db;
    (void)name;
    store->log_pages = log_pages;
    return SQLITE_OK;
}

/* An existing database keeps the pages it was made with. */
static enum status read_page_size(struct store_sqlite *store, int *ret_bytes)
{
    struct sqlite3_stmt *stmt = NULL;
    enum status st = STATUS_OK;
    int code = sqlite3_prepare_v2(store->db, "PRAGMA page_size", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *ret_bytes = sqlite3_column_int(stmt, 0);
    else
        st = store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    return st;
}

enum status store_sqlite_watch_log(struct store_sqlite *store)
{
    int page_bytes = 1;
    enum status st = read_page_size(store, &page_bytes);
    if (st != STATUS_OK)
        return st;
    store->checkpoint_pages = CHECKPOINT_BYTES / page_bytes;
    store->checkpoint_at_pages = store->checkpoint_pages;
    (void)sqlite3_wal_hook(store->db, on_commit, store);
    return STATUS_OK;
}
