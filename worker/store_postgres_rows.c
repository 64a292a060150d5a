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

/* The planned event that asked for the row; NULL: none. */
static struct pg_fate *find_asked(const struct pg_plan *plan, size_t from, struct slice clerk_id)
{
    for (size_t i = from; i < plan->count; i++)
        if (plan->fates[i].is_asked && slice_equals(plan->events[i].row->clerk_id, clerk_id))
            return &plan->fates[i];
    return NULL;
}

/* A row that is not in the answer was left as it was, by the guard. */
static void on_upserts(struct store_postgres *store, const struct pg_result *answer, size_t place)
{
    for (size_t i = 0; i < pg_rows(answer); i++) {
        struct pg_fate *fate = find_asked(&store->plan, place, pg_slice(answer, i, 0));
        if (!fate)
            continue;
        fate->is_asked = false;
        fate->is_stale = false;
        fate->is_new = pg_number(answer, i, 1) != 0;
    }
}

static enum status upsert_planned(struct store_postgres *store, const struct pg_upsert *upsert)
{
    struct pg_fate *fate = pg_plan_fate(store);
    fate->is_asked = true;
    fate->is_stale = true; /* until the answer has the row */
    return pg_many_add(store, upsert, on_upserts, store->plan.current);
}

static enum status upsert_now(struct store_postgres *store, const struct pg_upsert *upsert)
{
    struct pg_call c = pg_call_of_table(store, upsert->row->table, SQL_UPSERT);
    pg_upsert_fill(&c, upsert);
    enum status st = pg_ask(&c);
    if (st != STATUS_OK)
        return st;
    bool is_stale = pg_rows(store->kept) == 0;
    store->is_new = !is_stale && pg_number(store->kept, 0, 1) != 0;
    return is_stale ? STATUS_STALE : STATUS_OK;
}

enum status store_postgres_upsert(struct store *base, const struct row *row)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    struct pg_upsert upsert = { .row = row };
    store->is_new = false;
    enum status st = pg_take_turn(store, false);
    if (st == STATUS_OK)
        st = find_deletion(store, row, &upsert.deleted_at);
    if (st != STATUS_OK)
        return st;
    if (upsert.deleted_at.kind != VALUE_NULL && store->delete_mode == STORE_DELETE_HARD)
        return STATUS_STALE;
    return pg_plan_fate(store) ? upsert_planned(store, &upsert) : upsert_now(store, &upsert);
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
        struct pg_upsert upsert = { &children->rows->rows[i], deleted_at };
        st = pg_many_add(store, &upsert, NULL, 0); /* a row left as it was has another parent now */
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
    enum status st = pg_many_send(store);
    if (st != STATUS_OK)
        return st;
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
    if (st == STATUS_OK)
        st = pg_many_send(store);
    return st == STATUS_OK ? pg_settle_all(store) : st;
}
