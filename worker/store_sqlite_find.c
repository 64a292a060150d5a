#include <sqlite3.h>

#include "worker/catalog.h"
#include "worker/store_sqlite.h"

/* A statement for one use, with a text and a number. */
static enum status prepare(struct store_sqlite *store, const char *sql, struct slice text,
                           int64_t number, sqlite3_stmt **ret_stmt)
{
    int code = sqlite3_prepare_v2(store->db, sql, -1, ret_stmt, NULL);
    if (code == SQLITE_OK && sqlite3_bind_parameter_index(*ret_stmt, "?1") > 0)
        code = sqlite3_bind_text64(*ret_stmt, 1, text.len ? text.ptr : "", text.len,
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code == SQLITE_OK && sqlite3_bind_parameter_index(*ret_stmt, "?2") > 0)
        code = sqlite3_bind_int64(*ret_stmt, 2, number);
    if (code == SQLITE_OK)
        return STATUS_OK;
    enum status st = store_sqlite_failed(store, code);
    (void)sqlite3_finalize(*ret_stmt);
    return st;
}

/* The result of steps that ended with code; found: whether there was a row. */
static enum status end(struct store_sqlite *store, sqlite3_stmt *stmt, int code, bool found)
{
    enum status st = found ? STATUS_OK : STATUS_NOT_FOUND;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        st = store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    return st;
}

static struct slice text_at(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return (struct slice){ text, (size_t)sqlite3_column_bytes(stmt, column) };
}

enum status store_sqlite_recent(struct store *base, int64_t since_ms,
                                struct store_recent *ret_recent)
{
    struct store_sqlite *store = store_sqlite_of(base);
    static const char sql[] =
        "SELECT count(*), avg(took), max(took) FROM (SELECT max(processed_at - received_at, 0) AS "
        "took FROM webhook_events WHERE processed_at >= ?2 ORDER BY processed_at DESC LIMIT 2000)";
    _Static_assert(STORE_RECENT_MAX == 2000, "as the statement says");
    sqlite3_stmt *stmt = NULL;
    enum status st = prepare(store, sql, SLICE(""), since_ms, &stmt);
    if (st != STATUS_OK)
        return st;
    int code = sqlite3_step(stmt);
    struct store_recent recent = {
        .count = sqlite3_column_int64(stmt, 0),
        .mean_ms = sqlite3_column_int64(stmt, 1),
        .max_ms = sqlite3_column_int64(stmt, 2),
    };
    st = end(store, stmt, code, true);
    if (st == STATUS_OK)
        *ret_recent = recent;
    return st;
}

#define EVENT_COLUMNS "svix_id, type, clerk_id, outcome, event_at, received_at, processed_at"

static enum status each_event(struct store_sqlite *store, const char *sql, struct slice id,
                              store_event_fn *fn, void *arg)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    int code;
    enum status st = prepare(store, sql, id, STORE_TYPES_WINDOW, &stmt);
    if (st != STATUS_OK)
        return st;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct store_found_event event = {
            .svix_id = text_at(stmt, 0),
            .type = text_at(stmt, 1),
            .clerk_id = text_at(stmt, 2),
            .outcome = text_at(stmt, 3),
            .event_at = sqlite3_column_int64(stmt, 4),
            .received_at = sqlite3_column_int64(stmt, 5),
            .processed_at = sqlite3_column_int64(stmt, 6),
        };
        fn(arg, &event);
        found = true;
    }
    return end(store, stmt, code, found);
}

enum status store_sqlite_find_event(struct store *base, struct slice svix_id, store_event_fn *fn,
                                    void *arg)
{
    return each_event(store_sqlite_of(base),
                      "SELECT " EVENT_COLUMNS " FROM webhook_events WHERE svix_id = ?1", svix_id,
                      fn, arg);
}

enum status store_sqlite_each_event_of(struct store *base, struct slice clerk_id,
                                       store_event_fn *fn, void *arg)
{
    _Static_assert(STORE_HISTORY_MAX == 50, "as the statement says");
    enum status st = each_event(store_sqlite_of(base),
                                "SELECT " EVENT_COLUMNS
                                " FROM (SELECT * FROM webhook_events ORDER BY processed_at DESC "
                                "LIMIT ?2) WHERE clerk_id = ?1 LIMIT 50",
                                clerk_id, fn, arg);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static void show_row(sqlite3_stmt *stmt, const char *table, store_column_fn *fn, void *arg)
{
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        struct value value = { .kind = VALUE_TEXT };
        int type = sqlite3_column_type(stmt, i);
        if (type == SQLITE_NULL)
            value.kind = VALUE_NULL;
        else if (type == SQLITE_INTEGER)
            value = (struct value){ .kind = VALUE_INT, .number = sqlite3_column_int64(stmt, i) };
        else
            value.text = text_at(stmt, i);
        fn(arg, table, sqlite3_column_name(stmt, i), &value);
    }
}

static enum status find_in(struct store_sqlite *store, const char *table, struct slice clerk_id,
                           store_column_fn *fn, void *arg)
{
    sqlite3_stmt *stmt = NULL;
    buf_clear(&store->text);
    buf_printf(&store->text, "SELECT * FROM %s WHERE clerk_id = ?1", table);
    enum status st = prepare(store, buf_text(&store->text), clerk_id, 0, &stmt);
    if (st != STATUS_OK)
        return st;
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        show_row(stmt, table, fn, arg);
    return end(store, stmt, code, code == SQLITE_ROW);
}

enum status store_sqlite_find_object(struct store *base, struct slice clerk_id, store_column_fn *fn,
                                     void *arg)
{
    enum status st = STATUS_NOT_FOUND;
    for (size_t i = 0; st == STATUS_NOT_FOUND && i < catalog_table_count; i++)
        st = find_in(store_sqlite_of(base), catalog_tables[i]->name, clerk_id, fn, arg);
    return st;
}

enum status store_sqlite_find_tombstone(struct store *base, struct slice clerk_id,
                                        int64_t *ret_event_at)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *stmt = NULL;
    enum status st = prepare(store, "SELECT event_at FROM tombstones WHERE clerk_id = ?1", clerk_id,
                             0, &stmt);
    if (st != STATUS_OK)
        return st;
    int code = sqlite3_step(stmt);
    int64_t event_at = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    st = end(store, stmt, code, code == SQLITE_ROW);
    if (st == STATUS_OK)
        *ret_event_at = event_at;
    return st;
}
