#include <assert.h>

#include "worker/store_postgres_parts.h"

/* The earliest of tombstones met so far. */
static enum status lower_to_tombstone(struct store_postgres *store, struct slice id,
                                      struct value *earliest)
{
    if (id.len == 0)
        return STATUS_OK;
    struct pg_grave here = { 0 };
    const struct pg_grave *known = pg_plan_grave(store, id);
    if (!known) {
        struct pg_call c = pg_call_fixed(store, PG_TOMBSTONE_FIND);
        pg_text(&c, id);
        enum status st = pg_ask(&c);
        if (st != STATUS_OK)
            return st;
        here.is_there = pg_rows(store->kept) > 0;
        here.event_at = here.is_there ? pg_number(store->kept, 0, 0) : 0;
        known = &here;
    }
    if (known->is_there && (earliest->kind == VALUE_NULL || known->event_at < earliest->number))
        *earliest = (struct value){ .kind = VALUE_INT, .number = known->event_at };
    return STATUS_OK;
}

/* When the object, its user or its organization was deleted; VALUE_NULL: not at all. */
static enum status find_deletion(struct store_postgres *store, const struct row *row,
                                 struct value *ret_deleted_at)
{
    struct value earliest = { .kind = VALUE_NULL };
    struct slice ids[ROW_OWNERS];
    enum status st = STATUS_OK;
    row_owners(row, ids);
    for (size_t i = 0; st == STATUS_OK && i < ROW_OWNERS; i++)
        st = lower_to_tombstone(store, ids[i], &earliest);
    if (st == STATUS_OK)
        *ret_deleted_at = earliest;
    return st;
}

/* As SQLite's strict tables: a text that is a number is one. In binary form PostgreSQL would take
 * any eight letters for a number. */
static void add_value(struct pg_call *c, const struct row *row, size_t i)
{
    struct value value = row->values[i];
    const struct catalog_column *column = &row->table->columns[i];
    bool is_text = value.kind == VALUE_TEXT;
    bool has_number = is_text && slice_to_i64(value.text, INT64_MIN, INT64_MAX, &value.number);
    if (catalog_is_number(column->kind) && has_number)
        value.kind = VALUE_INT;
    if (value.kind != VALUE_NULL && (value.kind == VALUE_INT) != catalog_is_number(column->kind))
        c->status = pg_because(c->store, STATUS_BAD_DATA, "another kind of value for %s.%s",
                               row->table->name, column->name);
    pg_value(c, &value);
}

/* Starts the call in *c, where it stays: its parameters point into it. */
static void fill_upsert(struct pg_call *c, struct store_postgres *store, const struct row *row,
                        const struct value *deleted_at)
{
    *c = pg_call_of_table(store, row->table, SQL_UPSERT);
    pg_text(c, row->clerk_id);
    for (size_t i = 0; i < row->table->column_count; i++)
        add_value(c, row, i);
    pg_text(c, row->data);
    pg_value(c, &row->created_at);
    pg_value(c, &row->updated_at);
    pg_int(c, row->event_at);
    pg_value(c, deleted_at);
}

/* No row in the answer: the guard left the row as it was. */
static void on_upsert(struct store_postgres *store, const struct pg_result *answer, size_t place)
{
    struct pg_fate *fate = &store->plan.fates[place];
    fate->is_stale = pg_rows(answer) == 0;
    fate->is_new = !fate->is_stale && pg_number(answer, 0, 0) != 0;
}

static enum status upsert_now(struct store_postgres *store, const struct row *row,
                              const struct value *deleted_at)
{
    struct pg_call c;
    fill_upsert(&c, store, row, deleted_at);
    enum status st = pg_ask(&c);
    if (st != STATUS_OK)
        return st;
    bool is_stale = pg_rows(store->kept) == 0;
    store->is_new = !is_stale && pg_number(store->kept, 0, 0) != 0;
    return is_stale ? STATUS_STALE : STATUS_OK;
}

enum status store_postgres_upsert(struct store *base, const struct row *row)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    struct value deleted_at = { .kind = VALUE_NULL };
    store->is_new = false;
    enum status st = pg_take_turn(store, false);
    if (st == STATUS_OK)
        st = find_deletion(store, row, &deleted_at);
    if (st != STATUS_OK)
        return st;
    if (deleted_at.kind != VALUE_NULL && store->delete_mode == STORE_DELETE_HARD)
        return STATUS_STALE;
    if (!pg_plan_fate(store))
        return upsert_now(store, row, &deleted_at);
    struct pg_call c;
    fill_upsert(&c, store, row, &deleted_at);
    return pg_send(&c, on_upsert, store->plan.current);
}

/* --- children --- */

static enum status upsert_children(struct store_postgres *store, const struct pg_children *children)
{
    struct value deleted_at = { .kind = VALUE_NULL };
    enum status st = STATUS_OK;
    /* In hard mode the parent's upsert has already found that there is no tombstone. */
    if (store->delete_mode == STORE_DELETE_SOFT)
        st = lower_to_tombstone(store, children->parent_id, &deleted_at);
    for (size_t i = 0; st == STATUS_OK && i < children->rows->count; i++) {
        struct pg_call c;
        fill_upsert(&c, store, &children->rows->rows[i], &deleted_at);
        st = pg_send(&c, NULL, 0); /* no row changed: it has moved on to another parent */
    }
    return st;
}

static void append_ids(struct buf *out, const struct row_list *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        buf_append_char(out, i ? ',' : '[');
        buf_append_json(out, rows->rows[i].clerk_id);
    }
    buf_append_char(out, ']');
}

static enum status trim_to_many(struct store_postgres *store, const struct pg_children *children)
{
    /* Prepares in store->text, and so comes first. */
    struct pg_call c = pg_call_of_table(store, children->table, SQL_TRIM_TO_MANY);
    buf_clear(&store->text);
    append_ids(&store->text, children->rows);
    if (buf_status(&store->text) == STATUS_TOO_BIG)
        return pg_because(store, STATUS_BAD_DATA, "too many rows in %s", children->table->name);
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    pg_text(&c, children->parent_id);
    pg_text(&c, buf_slice(&store->text));
    return pg_send(&c, NULL, 0);
}

static enum status trim(struct store_postgres *store, const struct pg_children *children)
{
    if (children->rows->count > 1)
        return trim_to_many(store, children);
    struct pg_call c = pg_call_of_table(store, children->table, SQL_TRIM_TO_ONE);
    pg_text(&c, children->parent_id);
    /* no id is empty */
    pg_text(&c, children->rows->count ? children->rows->rows[0].clerk_id : SLICE(""));
    return pg_send(&c, NULL, 0);
}

enum status pg_write_children(struct store_postgres *store, const struct pg_children *children,
                              bool parent_is_new)
{
    enum status st = STATUS_OK;
    if (children->rows->count > 0)
        st = upsert_children(store, children);
    return st == STATUS_OK && !parent_is_new ? trim(store, children) : st;
}

enum status store_postgres_replace_children(struct store *base, const struct catalog_table *table,
                                            struct slice parent_id, const struct row_list *children)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction && table->is_child);
    struct pg_children these = { .table = table, .parent_id = parent_id, .rows = children };
    if (pg_plan_fate(store))
        return pg_plan_children(store, &these);
    enum status st = pg_write_children(store, &these, store->is_new);
    return st == STATUS_OK ? pg_settle_all(store) : st;
}
