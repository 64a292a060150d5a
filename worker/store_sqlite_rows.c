#include <assert.h>
#include <sqlite3.h>
#include <string.h>

#include "worker/store_sqlite.h"

/* Children that are looked for among their parent's, each time through all of them. */
enum { CHILDREN_FEW = 4 };

/* The earliest of tombstones met so far. */
static enum status lower_to_tombstone(struct store_sqlite *store, struct slice id,
                                      struct value *earliest)
{
    int64_t event_at = 0;
    bool found = false;
    if (id.len == 0)
        return STATUS_OK;
    struct call c = call_fixed(store, FIXED_TOMBSTONE_FIND);
    call_text(&c, id);
    enum status st = call_run_for(&c, &event_at, &found);
    if (st == STATUS_OK && found && (earliest->kind == VALUE_NULL || event_at < earliest->number))
        *earliest = (struct value){ .kind = VALUE_INT, .number = event_at };
    return st;
}

/* When the object, its user or its organization was deleted; VALUE_NULL: not at all. */
static enum status find_deletion(struct store_sqlite *store, const struct row *row,
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

static enum status upsert(struct store_sqlite *store, const struct row *row,
                          const struct value *deleted_at, enum sql_of_table which)
{
    struct call c = call_of_table(store, row->table, which);
    call_text(&c, row->clerk_id);
    for (size_t i = 0; i < row->table->column_count; i++)
        call_value(&c, &row->values[i]);
    call_text(&c, row->data);
    call_value(&c, &row->created_at);
    call_value(&c, &row->updated_at);
    call_int(&c, row->event_at);
    call_value(&c, deleted_at);
    enum status st = call_run(&c);
    if (st != STATUS_OK)
        return st;
    return call_changes(store) > 0 ? STATUS_OK : STATUS_STALE;
}

/* Under the ordering guard: STATUS_STALE when the row there is newer. Nearly every row is new or
 * keeps what it is found by; SQLite would take an index entry out and put it in again all the same.
 */
static enum status write_row(struct store_sqlite *store, const struct row *row,
                             const struct value *deleted_at)
{
    enum status st = upsert(store, row, deleted_at, SQL_UPSERT_IN_PLACE);
    return st == STATUS_STALE ? upsert(store, row, deleted_at, SQL_UPSERT) : st;
}

static void remember_new(struct store_sqlite *store, struct slice id)
{
    if (id.len > sizeof(store->new_id))
        return;
    memcpy(store->new_id, id.ptr, id.len);
    store->new_id_len = id.len;
}

static bool is_new(const struct store_sqlite *store, struct slice id)
{
    return store->new_id_len > 0 &&
           slice_equals(id, (struct slice){ store->new_id, store->new_id_len });
}

enum status store_sqlite_upsert(struct store *base, const struct row *row)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    struct value deleted_at = { .kind = VALUE_NULL };
    store->new_id_len = 0;
    enum status st = find_deletion(store, row, &deleted_at);
    if (st != STATUS_OK)
        return st;
    if (deleted_at.kind != VALUE_NULL && store->delete_mode == STORE_DELETE_HARD)
        return STATUS_STALE;
    /* Only an insert sets the last rowid, an update through ON CONFLICT leaves it alone. */
    sqlite3_set_last_insert_rowid(store->db, 0);
    st = write_row(store, row, &deleted_at);
    if (st == STATUS_OK && sqlite3_last_insert_rowid(store->db) != 0)
        remember_new(store, row->clerk_id);
    return st;
}

/* Nearly every child of a known object is one that it has already. With few of them it is met on
 * the way that trimming goes too; the index of clerk_id would be one page more to read. */
static enum status write_child(struct store_sqlite *store, const struct row *row,
                               const struct value *deleted_at, bool by_parent)
{
    enum status st = STATUS_STALE;
    if (by_parent)
        st = upsert(store, row, deleted_at, SQL_UPDATE_OF_PARENT);
    return st == STATUS_STALE ? write_row(store, row, deleted_at) : st;
}

static enum status write_children(struct store_sqlite *store, struct slice parent_id,
                                  const struct row_list *children)
{
    struct value deleted_at = { .kind = VALUE_NULL };
    enum status st = STATUS_OK;
    bool by_parent = children->count <= CHILDREN_FEW && !is_new(store, parent_id);
    /* In hard mode the parent's upsert has already found that there is no tombstone. */
    if (store->delete_mode == STORE_DELETE_SOFT)
        st = lower_to_tombstone(store, parent_id, &deleted_at);
    for (size_t i = 0; st == STATUS_OK && i < children->count; i++) {
        st = write_child(store, &children->rows[i], &deleted_at, by_parent);
        if (st == STATUS_STALE)
            st = STATUS_OK; /* it has moved on to another parent */
    }
    return st;
}

static void append_ids(struct buf *out, const struct row_list *children)
{
    for (size_t i = 0; i < children->count; i++) {
        buf_append_char(out, i ? ',' : '[');
        buf_append_json(out, children->rows[i].clerk_id);
    }
    buf_append_char(out, ']');
}

static enum status trim_to_many(struct store_sqlite *store, const struct catalog_table *table,
                                struct slice parent_id, const struct row_list *children)
{
    struct call c = call_of_table(store, table, SQL_TRIM_TO_MANY); /* uses store->text */
    buf_clear(&store->text);
    append_ids(&store->text, children);
    if (buf_status(&store->text) == STATUS_TOO_BIG)
        return store_sqlite_because(store, STATUS_BAD_DATA, "too many rows in %s", table->name);
    if (buf_status(&store->text) != STATUS_OK)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    call_text(&c, parent_id);
    call_text(&c, buf_slice(&store->text));
    return call_run(&c);
}

static enum status trim(struct store_sqlite *store, const struct catalog_table *table,
                        struct slice parent_id, const struct row_list *children)
{
    if (children->count > 1)
        return trim_to_many(store, table, parent_id, children);
    struct call c = call_of_table(store, table, SQL_TRIM_TO_ONE);
    call_text(&c, parent_id);
    call_text(&c, children->count ? children->rows[0].clerk_id : SLICE("")); /* no id is empty */
    return call_run(&c);
}

enum status store_sqlite_replace_children(struct store *base, const struct catalog_table *table,
                                          struct slice parent_id, const struct row_list *children)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction && table->is_child);
    enum status st = STATUS_OK;
    if (children->count > 0)
        st = write_children(store, parent_id, children);
    if (st != STATUS_OK || is_new(store, parent_id))
        return st;
    return trim(store, table, parent_id, children);
}

/* Clerk's name for the objects of a table. */
static struct slice object_of(const struct catalog_table *table)
{
    for (size_t i = 0; i < catalog_object_count; i++)
        if (catalog_objects[i].table == table && catalog_objects[i].prefix)
            return slice_of(catalog_objects[i].prefix);
    return slice_of(table->name);
}

/* The smaller event_at is kept, whichever delete comes first. */
static enum status bury_object(struct store_sqlite *store, const struct catalog_table *table,
                               struct slice clerk_id, int64_t event_at, bool *ret_is_first)
{
    struct call add = call_fixed(store, FIXED_TOMBSTONE_ADD);
    call_text(&add, clerk_id);
    call_text(&add, object_of(table));
    call_int(&add, event_at);
    enum status st = call_run(&add);
    if (st != STATUS_OK)
        return st;
    *ret_is_first = call_changes(store) > 0;
    if (*ret_is_first)
        return STATUS_OK;
    struct call lower = call_fixed(store, FIXED_TOMBSTONE_LOWER);
    call_text(&lower, clerk_id);
    call_int(&lower, event_at);
    return call_run(&lower);
}

static enum status delete_in(struct store_sqlite *store, const struct catalog_table *table,
                             enum catalog_reach reach, struct slice id, int64_t event_at)
{
    static const enum sql_of_table statements[][3] = {
        [STORE_DELETE_HARD] = { SQL_DELETE_ROW, SQL_DELETE_OF_USER, SQL_DELETE_OF_ORGANIZATION },
        [STORE_DELETE_SOFT] = { SQL_MARK_ROW, SQL_MARK_OF_USER, SQL_MARK_OF_ORGANIZATION },
    };
    struct call c = call_of_table(store, table, statements[store->delete_mode][reach]);
    call_text(&c, id);
    if (store->delete_mode == STORE_DELETE_SOFT)
        call_int(&c, event_at);
    return call_run(&c);
}

static enum status cascade(struct store_sqlite *store, const struct catalog_table *table,
                           struct slice id, int64_t event_at)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < catalog_table_count; i++) {
        enum catalog_reach reach = catalog_reach(table, catalog_tables[i]);
        if (reach != CATALOG_NOTHING)
            st = delete_in(store, catalog_tables[i], reach, id, event_at);
    }
    return st;
}

enum status store_sqlite_delete(struct store *base, const struct catalog_table *table,
                                struct slice clerk_id, int64_t event_at)
{
    struct store_sqlite *store = store_sqlite_of(base);
    assert(store->in_transaction);
    bool is_first = false;
    store->new_id_len = 0;
    enum status st = bury_object(store, table, clerk_id, event_at, &is_first);
    if (st == STATUS_OK)
        st = delete_in(store, table, CATALOG_ROW, clerk_id, event_at);
    if (st == STATUS_OK)
        st = cascade(store, table, clerk_id, event_at);
    if (st == STATUS_OK && !is_first)
        return STATUS_STALE;
    return st;
}
