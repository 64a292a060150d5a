#include <sqlite3.h>

#include "worker/json_same.h"
#include "worker/store_read.h"
#include "worker/store_sqlite.h"

/* store->text becomes the statement; prepared for one use. */
static enum status prepare(struct store_sqlite *store, struct slice parameter,
                           sqlite3_stmt **ret_stmt)
{
    if (buf_status(&store->text) != STATUS_OK)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    struct slice sql = buf_slice(&store->text);
    int code = sqlite3_prepare_v2(store->db, sql.ptr, (int)sql.len, ret_stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text64(*ret_stmt, 1, parameter.len ? parameter.ptr : "", parameter.len,
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
    return code == SQLITE_OK ? STATUS_OK : store_sqlite_failed(store, code);
}

static enum status select_row(struct store_sqlite *store, const struct row *row,
                              sqlite3_stmt **ret_stmt)
{
    buf_clear(&store->text);
    buf_append(&store->text, SLICE("SELECT updated_at"));
    for (size_t i = 0; i < row->table->column_count; i++)
        buf_printf(&store->text, ", %s", row->table->columns[i].name);
    buf_printf(&store->text, " FROM %s WHERE clerk_id = ?1", row->table->name);
    return prepare(store, row->clerk_id, ret_stmt);
}

static bool is_same(sqlite3_stmt *stmt, int column, const struct value *value, bool is_json)
{
    int type = sqlite3_column_type(stmt, column);
    if (value->kind == VALUE_NULL)
        return type == SQLITE_NULL;
    if (value->kind == VALUE_INT)
        return type == SQLITE_INTEGER && sqlite3_column_int64(stmt, column) == value->number;
    if (type != SQLITE_TEXT)
        return false;
    struct slice there = { (const char *)sqlite3_column_text(stmt, column),
                           (size_t)sqlite3_column_bytes(stmt, column) };
    return is_json ? json_same(there, value->text) : slice_equals(there, value->text);
}

static void compare(sqlite3_stmt *stmt, const struct row *row, store_difference_fn *fn, void *arg)
{
    if (!is_same(stmt, 0, &row->updated_at, false))
        fn(arg, row->table, "updated_at");
    for (size_t i = 0; i < row->table->column_count; i++) {
        const struct catalog_column *column = &row->table->columns[i];
        if (!is_same(stmt, (int)i + 1, &row->values[i], column->kind == COLUMN_JSON))
            fn(arg, row->table, column->name);
    }
}

enum status store_sqlite_compare_row(struct store *base, const struct row *row,
                                     store_difference_fn *fn, void *arg)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *stmt = NULL;
    enum status st = select_row(store, row, &stmt);
    int code = st == STATUS_OK ? sqlite3_step(stmt) : SQLITE_DONE;
    if (code == SQLITE_ROW)
        compare(stmt, row, fn, arg);
    else if (st == STATUS_OK)
        st = code == SQLITE_DONE ? STATUS_NOT_FOUND : store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    return st;
}

static enum status count_children(struct store_sqlite *store, const struct catalog_table *table,
                                  struct slice parent_id, int64_t *ret_count)
{
    sqlite3_stmt *stmt = NULL;
    buf_clear(&store->text);
    buf_printf(&store->text, "SELECT count(*) FROM %s WHERE %s = ?1", table->name,
               table->user_column);
    enum status st = prepare(store, parent_id, &stmt);
    int code = st == STATUS_OK ? sqlite3_step(stmt) : SQLITE_ROW;
    if (code != SQLITE_ROW)
        st = store_sqlite_failed(store, code);
    else if (st == STATUS_OK)
        *ret_count = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return st;
}

enum status store_sqlite_compare_children(struct store *base, const struct catalog_table *table,
                                          struct slice parent_id, const struct row_list *children,
                                          store_difference_fn *fn, void *arg)
{
    struct store_sqlite *store = store_sqlite_of(base);
    bool is_missing = false;
    for (size_t i = 0; i < children->count; i++) {
        enum status st = store_sqlite_compare_row(&store->base, &children->rows[i], fn, arg);
        if (st == STATUS_NOT_FOUND)
            is_missing = true;
        else if (st != STATUS_OK)
            return st;
    }
    int64_t there = 0;
    enum status st = count_children(store, table, parent_id, &there);
    if (st == STATUS_OK && (is_missing || there != (int64_t)children->count))
        fn(arg, table, "clerk_id");
    return st;
}
