#include <sqlite3.h>

#include "worker/store_sqlite.h"

/* ?1 and so on are bound in this order by the callers. */
static const char *const fixed_text[FIXED_COUNT] = {
    [FIXED_BEGIN] = "BEGIN IMMEDIATE",
    [FIXED_COMMIT] = "COMMIT",
    [FIXED_SAVEPOINT] = "SAVEPOINT event",
    [FIXED_RELEASE] = "RELEASE event",
    [FIXED_ROLLBACK_TO] = "ROLLBACK TO event",
    [FIXED_PING] = "SELECT 1 FROM tombstones LIMIT 1",
    [FIXED_RECORD] = "INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, "
                     "received_at, processed_at, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
                     "ON CONFLICT (svix_id) DO NOTHING",
    [FIXED_SET_OUTCOME] = "UPDATE webhook_events SET outcome = ?2 WHERE svix_id = ?1",
    [FIXED_PRUNE] = "DELETE FROM webhook_events WHERE rowid IN (SELECT rowid FROM webhook_events "
                    "WHERE processed_at < ?1 ORDER BY processed_at LIMIT ?2)",
    [FIXED_BURY] =
        "INSERT INTO dead_letters (svix_id, type, reason, attempts, body, received_at, failed_at) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (svix_id) DO UPDATE SET "
        "type = excluded.type, reason = excluded.reason, attempts = excluded.attempts, "
        "body = excluded.body, received_at = excluded.received_at, failed_at = excluded.failed_at",
    [FIXED_REOPEN] =
        "INSERT INTO webhook_events (svix_id, type, received_at, processed_at, outcome) "
        "SELECT svix_id, type, received_at, ?2, 'retrying' FROM dead_letters WHERE svix_id = ?1 "
        "ON CONFLICT (svix_id) DO UPDATE SET outcome = excluded.outcome, "
        "processed_at = excluded.processed_at",
    [FIXED_TAKE_RETRY] = "DELETE FROM webhook_events WHERE svix_id = ?1 AND outcome = 'retrying'",
    [FIXED_END_RETRY] = "UPDATE webhook_events SET outcome = 'dead' "
                        "WHERE svix_id = ?1 AND outcome = 'retrying'",
    [FIXED_DROP_DEAD] = "DELETE FROM dead_letters WHERE svix_id = ?1",
    [FIXED_ATTEMPT] = "INSERT INTO worker_attempts (svix_id, count) VALUES (?1, 1) "
                      "ON CONFLICT (svix_id) DO UPDATE SET count = worker_attempts.count + 1 "
                      "RETURNING count",
    [FIXED_ATTEMPT_DONE] = "DELETE FROM worker_attempts WHERE svix_id = ?1",
    [FIXED_TOMBSTONE_FIND] = "SELECT event_at FROM tombstones WHERE clerk_id = ?1",
    [FIXED_TOMBSTONE_ADD] = "INSERT INTO tombstones (clerk_id, object, event_at) "
                            "VALUES (?1, ?2, ?3) ON CONFLICT (clerk_id) DO NOTHING",
    [FIXED_TOMBSTONE_LOWER] =
        "UPDATE tombstones SET event_at = ?2 WHERE clerk_id = ?1 AND event_at > ?2",
    [FIXED_COUNT_DEAD] = "SELECT count(*) FROM dead_letters",
    [FIXED_LAST_EVENT] = "SELECT coalesce(received_at, processed_at) FROM webhook_events "
                         "ORDER BY processed_at DESC LIMIT 1",
};

static enum status prepare(struct store_sqlite *store, struct slice sql, struct sqlite3_stmt **slot)
{
    int code = sqlite3_prepare_v3(store->db, sql.ptr, (int)sql.len, SQLITE_PREPARE_PERSISTENT, slot,
                                  NULL);
    return code == SQLITE_OK ? STATUS_OK : store_sqlite_failed(store, code);
}

struct call call_fixed(struct store_sqlite *store, enum fixed which)
{
    struct call c = { .store = store, .next = 1 };
    struct sqlite3_stmt **slot = &store->fixed[which];
    if (!*slot)
        c.status = prepare(store, slice_of(fixed_text[which]), slot);
    c.stmt = *slot;
    return c;
}

static enum status prepare_of_table(struct store_sqlite *store, const struct catalog_table *table,
                                    enum sql_of_table which, struct sqlite3_stmt **slot)
{
    buf_clear(&store->text);
    sql_of_table(&store->text, SQL_SQLITE, table, which);
    if (buf_status(&store->text) != STATUS_OK)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    return prepare(store, buf_slice(&store->text), slot);
}

struct call call_of_table(struct store_sqlite *store, const struct catalog_table *table,
                          enum sql_of_table which)
{
    struct call c = { .store = store, .next = 1 };
    struct sqlite3_stmt **slot =
        &store->of_table[catalog_table_index(table) * SQL_OF_TABLE_COUNT + which];
    if (!*slot)
        c.status = prepare_of_table(store, table, which, slot);
    c.stmt = *slot;
    return c;
}

static void keep_first(struct call *c, int code)
{
    if (c->code == SQLITE_OK)
        c->code = code;
}

/* SQLite takes a NULL pointer for NULL, an empty slice may have one and is not. */
static const char *pointer_of(struct slice s)
{
    return s.ptr ? s.ptr : "";
}

void call_text(struct call *c, struct slice text)
{
    if (c->stmt)
        keep_first(c, sqlite3_bind_text64(c->stmt, c->next++, pointer_of(text), text.len,
                                          SQLITE_STATIC, SQLITE_UTF8));
}

void call_bytes(struct call *c, struct slice bytes)
{
    if (c->stmt)
        keep_first(c, sqlite3_bind_blob64(c->stmt, c->next++, pointer_of(bytes), bytes.len,
                                          SQLITE_STATIC));
}

void call_int(struct call *c, int64_t number)
{
    if (c->stmt)
        keep_first(c, sqlite3_bind_int64(c->stmt, c->next++, number));
}

/* A parameter that is not bound is NULL: call_run_for() clears them all. */
static void call_null(struct call *c)
{
    c->next++;
}

void call_text_or_null(struct call *c, struct slice text)
{
    if (text.len > 0)
        call_text(c, text);
    else
        call_null(c);
}

void call_int_or_null(struct call *c, int64_t number)
{
    if (number != 0)
        call_int(c, number);
    else
        call_null(c);
}

void call_value(struct call *c, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        call_null(c);
        break;
    case VALUE_INT:
        call_int(c, value->number);
        break;
    case VALUE_TEXT:
        call_text(c, value->text);
        break;
    }
}

static enum status refusal(struct call *c)
{
    if (c->status != STATUS_OK)
        return c->status;
    if (c->code != SQLITE_OK)
        return store_sqlite_failed(c->store, c->code);
    if (c->store->in_transaction && sqlite3_get_autocommit(c->store->db))
        return store_sqlite_because(c->store, STATUS_UNAVAILABLE,
                                    "SQLite has rolled the transaction back");
    return STATUS_OK;
}

static enum status step_to_end(struct call *c, int64_t *ret_number, bool *ret_found)
{
    int code;
    while ((code = sqlite3_step(c->stmt)) == SQLITE_ROW) {
        if (!ret_number || sqlite3_column_type(c->stmt, 0) == SQLITE_NULL)
            continue;
        *ret_number = sqlite3_column_int64(c->stmt, 0);
        if (ret_found)
            *ret_found = true;
    }
    return code == SQLITE_DONE ? STATUS_OK : store_sqlite_failed(c->store, code);
}

enum status call_run_for(struct call *c, int64_t *ret_number, bool *ret_found)
{
    enum status st = refusal(c);
    if (st == STATUS_OK)
        st = step_to_end(c, ret_number, ret_found);
    if (!c->stmt)
        return st;
    /* A statement that is not reset keeps its snapshot and with it the whole log. */
    (void)sqlite3_reset(c->stmt);
    (void)sqlite3_clear_bindings(c->stmt);
    return st;
}

enum status call_run(struct call *c)
{
    return call_run_for(c, NULL, NULL);
}

int64_t call_changes(const struct store_sqlite *store)
{
    return sqlite3_changes64(store->db);
}

void store_sqlite_forget_statements(struct store_sqlite *store)
{
    for (size_t i = 0; i < FIXED_COUNT; i++)
        (void)sqlite3_finalize(store->fixed[i]);
    for (size_t i = 0; store->of_table && i < catalog_table_count * SQL_OF_TABLE_COUNT; i++)
        (void)sqlite3_finalize(store->of_table[i]);
}
