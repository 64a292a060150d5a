#include <assert.h>

#include "worker/store_postgres_parts.h"

/* Clerk's name for the objects of a table. */
static struct slice object_of(const struct catalog_table *table)
{
    for (size_t i = 0; i < catalog_object_count; i++)
        if (catalog_objects[i].table == table && catalog_objects[i].prefix)
            return slice_of(catalog_objects[i].prefix);
    return slice_of(table->name);
}

/* Whether this is the first delete; the plan remembers it for the events that follow. */
static enum status add_tombstone(struct store_postgres *store, const struct catalog_table *table,
                                 struct slice clerk_id, int64_t event_at, bool *ret_is_first)
{
    int64_t changed = 0;
    struct pg_grave *grave = pg_plan_grave(store, clerk_id);
    struct pg_call c = pg_call_fixed(store, PG_TOMBSTONE_ADD);
    pg_text(&c, clerk_id);
    pg_text(&c, object_of(table));
    pg_int(&c, event_at);
    if (!grave) {
        enum status st = pg_run(&c, &changed);
        *ret_is_first = changed > 0;
        return st;
    }
    *ret_is_first = !grave->is_there;
    if (!grave->is_there || event_at < grave->event_at)
        grave->event_at = event_at;
    grave->is_there = true;
    return pg_send(&c, NULL, 0);
}

/* The smaller event_at is kept, whichever delete comes first. */
static enum status bury_object(struct store_postgres *store, const struct catalog_table *table,
                               struct slice clerk_id, int64_t event_at, bool *ret_is_first)
{
    enum status st = add_tombstone(store, table, clerk_id, event_at, ret_is_first);
    if (st != STATUS_OK || *ret_is_first)
        return st;
    struct pg_call lower = pg_call_fixed(store, PG_TOMBSTONE_LOWER);
    pg_text(&lower, clerk_id);
    pg_int(&lower, event_at);
    return pg_send(&lower, NULL, 0);
}

static enum status delete_in(struct store_postgres *store, const struct catalog_table *table,
                             enum catalog_reach reach, struct slice id, int64_t event_at)
{
    static const enum sql_of_table statements[][3] = {
        [STORE_DELETE_HARD] = { SQL_DELETE_ROW, SQL_DELETE_OF_USER, SQL_DELETE_OF_ORGANIZATION },
        [STORE_DELETE_SOFT] = { SQL_MARK_ROW, SQL_MARK_OF_USER, SQL_MARK_OF_ORGANIZATION },
    };
    struct pg_call c = pg_call_of_table(store, table, statements[store->delete_mode][reach]);
    pg_text(&c, id);
    if (store->delete_mode == STORE_DELETE_SOFT)
        pg_int(&c, event_at);
    return pg_send(&c, NULL, 0);
}

static enum status cascade(struct store_postgres *store, const struct catalog_table *table,
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

enum status store_postgres_delete(struct store *base, const struct catalog_table *table,
                                  struct slice clerk_id, int64_t event_at)
{
    struct store_postgres *store = store_postgres_of(base);
    assert(store->in_transaction);
    bool is_first = false;
    store->is_new = false;
    enum status st = pg_take_turn(store, false);
    if (st == STATUS_OK)
        st = pg_plan_flush(store); /* children of what came before shall go with it */
    if (st == STATUS_OK)
        st = bury_object(store, table, clerk_id, event_at, &is_first);
    if (st == STATUS_OK)
        st = delete_in(store, table, CATALOG_ROW, clerk_id, event_at);
    if (st == STATUS_OK)
        st = cascade(store, table, clerk_id, event_at);
    if (st == STATUS_OK && !store->plan.is_on)
        st = pg_settle_all(store);
    return st == STATUS_OK && !is_first ? STATUS_STALE : st;
}
