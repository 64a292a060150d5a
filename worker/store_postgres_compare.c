#include "worker/json_same.h"
#include "worker/store_postgres_parts.h"

/* Asks store->text with one parameter. */
static enum status ask(struct store_postgres *store, struct slice parameter)
{
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    struct pg_call c = pg_call_once(store, buf_text(&store->text));
    pg_text(&c, parameter);
    return pg_ask(&c);
}

static enum status select_row(struct store_postgres *store, const struct row *row)
{
    buf_clear(&store->text);
    buf_append(&store->text, SLICE("SELECT updated_at"));
    for (size_t i = 0; i < row->table->column_count; i++)
        buf_printf(&store->text, ", %s", row->table->columns[i].name);
    buf_printf(&store->text, " FROM %s WHERE clerk_id = $1::text", row->table->name);
    return ask(store, row->clerk_id);
}

static bool is_same(const struct pg_result *answer, int column, const struct value *value,
                    bool is_json)
{
    if (value->kind == VALUE_NULL || pg_is_null(answer, 0, column))
        return value->kind == VALUE_NULL && pg_is_null(answer, 0, column);
    if (value->kind == VALUE_INT)
        return pg_number(answer, 0, column) == value->number;
    struct slice there = pg_slice(answer, 0, column);
    return is_json ? json_same(there, value->text) : slice_equals(there, value->text);
}

enum status store_postgres_compare_row(struct store *base, const struct row *row,
                                       store_difference_fn *fn, void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = select_row(store, row);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    if (!is_same(store->kept, 0, &row->updated_at, false))
        fn(arg, row->table, "updated_at");
    for (size_t i = 0; i < row->table->column_count; i++) {
        const struct catalog_column *column = &row->table->columns[i];
        if (!is_same(store->kept, (int)i + 1, &row->values[i], column->kind == COLUMN_JSON))
            fn(arg, row->table, column->name);
    }
    return STATUS_OK;
}

static enum status count_children(struct store_postgres *store, const struct catalog_table *table,
                                  struct slice parent_id, int64_t *ret_count)
{
    buf_clear(&store->text);
    buf_printf(&store->text, "SELECT count(*) FROM %s WHERE %s = $1::text", table->name,
               table->user_column);
    enum status st = ask(store, parent_id);
    if (st == STATUS_OK)
        *ret_count = pg_number(store->kept, 0, 0);
    return st;
}

enum status store_postgres_compare_children(struct store *base, const struct catalog_table *table,
                                            struct slice parent_id, const struct row_list *children,
                                            store_difference_fn *fn, void *arg)
{
    bool is_missing = false;
    for (size_t i = 0; i < children->count; i++) {
        enum status st = store_postgres_compare_row(base, &children->rows[i], fn, arg);
        if (st == STATUS_NOT_FOUND)
            is_missing = true;
        else if (st != STATUS_OK)
            return st;
    }
    int64_t there = 0;
    enum status st = count_children(store_postgres_of(base), table, parent_id, &there);
    if (st == STATUS_OK && (is_missing || there != (int64_t)children->count))
        fn(arg, table, "clerk_id");
    return st;
}
