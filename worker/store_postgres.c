#include "worker/store_postgres.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/store_postgres_parts.h"

enum { TEXT_MAX_BYTES = 16 * 1024 * 1024 }; /* the ledger of a whole batch in one parameter */

static struct store_postgres *new_store(void)
{
    struct store_postgres *store = calloc(1, sizeof(*store));
    if (!store)
        return NULL;
    store->base.ops = &store_postgres_ops;
    store->text = buf_make(TEXT_MAX_BYTES);
    store->of_table = calloc(catalog_table_count * (size_t)SQL_OF_TABLE_COUNT,
                             sizeof(*store->of_table));
    if (store->of_table)
        return store;
    free(store);
    return NULL;
}

/* Hands the store over when st is STATUS_OK, frees it otherwise. */
static enum status hand_over(struct store_postgres *store, enum status st, struct store **ret_store,
                             char ret_why[STORE_ERROR_MAX])
{
    if (st == STATUS_OK) {
        *ret_store = &store->base;
        return st;
    }
    snprintf(ret_why, STORE_ERROR_MAX, "%s", store->base.why);
    store_postgres_close(&store->base);
    return st;
}

static enum status out_of_memory(char ret_why[STORE_ERROR_MAX])
{
    snprintf(ret_why, STORE_ERROR_MAX, "out of memory");
    return STATUS_UNAVAILABLE;
}

enum status store_postgres_open(const struct store_conf *conf, struct store **ret_store,
                                char ret_why[STORE_ERROR_MAX])
{
    struct store_postgres *store = new_store();
    if (!store)
        return out_of_memory(ret_why);
    store->delete_mode = conf->delete_mode;
    store->is_copy = conf->is_copy;
    store->stop = conf->stop;
    enum status st = store_url_address(conf->url, &store->address, store->base.why);
    if (st == STATUS_OK)
        st = pg_connect(store);
    if (st == STATUS_OK)
        st = pg_migrate(store);
    return hand_over(store, st, ret_store, ret_why);
}

enum status store_postgres_open_to_read(const char *url, struct store **ret_store,
                                        char ret_why[STORE_ERROR_MAX])
{
    struct store_postgres *store = new_store();
    if (!store)
        return out_of_memory(ret_why);
    store->reads_only = true;
    enum status st = store_url_address(url, &store->address, store->base.why);
    if (st == STATUS_OK)
        st = pg_connect(store);
    if (st == STATUS_OK)
        st = pg_check_schema(store);
    return hand_over(store, st, ret_store, ret_why);
}

void store_postgres_close(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    store_postgres_rollback(base);
    pg_disconnect(store);
    pg_plan_end(&store->plan);
    buf_release(&store->text);
    for (size_t i = 0; i < catalog_table_count * (size_t)SQL_OF_TABLE_COUNT; i++)
        free(store->of_table[i].text);
    free(store->of_table);
    free(store);
}

/* What is loaded may be newer than what this was built with. */
const char *store_postgres_library(void)
{
    static const char *const names[] = { "libpq 14", "libpq 15", "libpq 16", "libpq 17",
                                         "libpq 18" };
    size_t major = (size_t)PQlibVersion() / 10000;
    return major >= 14 && major < 14 + sizeof(names) / sizeof(names[0]) ? names[major - 14]
                                                                        : "libpq";
}

const struct store_ops store_postgres_ops = {
    .close = store_postgres_close,
    .begin = store_postgres_begin,
    .commit = store_postgres_commit,
    .rollback = store_postgres_rollback,
    .savepoint = store_postgres_savepoint,
    .release = store_postgres_release,
    .rollback_to = store_postgres_rollback_to,
    .record = store_postgres_record,
    .set_outcome = store_postgres_set_outcome,
    .upsert = store_postgres_upsert,
    .replace_children = store_postgres_replace_children,
    .delete = store_postgres_delete,
    .bury = store_postgres_bury,
    .reopen = store_postgres_reopen,
    .take_retry = store_postgres_take_retry,
    .drop_dead = store_postgres_drop_dead,
    .attempt = store_postgres_attempt,
    .attempt_done = store_postgres_attempt_done,
    .prune = store_postgres_prune,
    .signs = store_postgres_signs,
    .maintain = store_postgres_maintain,
    .ping = store_postgres_ping,
    .count = store_postgres_count,
    .each_type = store_postgres_each_type,
    .each_dead_letter = store_postgres_each_dead_letter,
    .one_dead_letter = store_postgres_one_dead_letter,
    .recent = store_postgres_recent,
    .find_event = store_postgres_find_event,
    .each_event_of = store_postgres_each_event_of,
    .find_object = store_postgres_find_object,
    .find_tombstone = store_postgres_find_tombstone,
    .compare_row = store_postgres_compare_row,
    .compare_children = store_postgres_compare_children,
    .plan = store_postgres_plan,
    .settle = store_postgres_settle,
};
