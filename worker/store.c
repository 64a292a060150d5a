#include "worker/store.h"

#include <stdio.h>

#include "worker/store_ops.h"
#ifdef CLERK_POSTGRES
#include "worker/store_postgres.h"
#endif
#include "worker/store_sqlite.h"
#include "worker/store_url.h"

const char *store_outcome_name(enum store_outcome outcome)
{
    static const char *const names[] = {
        [STORE_APPLIED] = "applied", [STORE_STALE] = "stale",       [STORE_IGNORED] = "ignored",
        [STORE_DEAD] = "dead",       [STORE_RETRYING] = "retrying",
    };
    return names[outcome];
}

void store_libraries(char ret_text[STORE_LIBRARIES_MAX])
{
#ifdef CLERK_POSTGRES
    snprintf(ret_text, STORE_LIBRARIES_MAX, "%s, %s", store_sqlite_library(),
             store_postgres_library());
#else
    snprintf(ret_text, STORE_LIBRARIES_MAX, "%s", store_sqlite_library());
#endif
}

void store_start(void)
{
    store_sqlite_start();
}

enum status store_open(const struct store_conf *conf, struct store **ret_store,
                       char ret_why[STORE_ERROR_MAX])
{
    enum status st = store_url_check(conf->url, ret_why);
    if (st != STATUS_OK)
        return st;
#ifdef CLERK_POSTGRES
    if (store_url_is_postgres(conf->url))
        return store_postgres_open(conf, ret_store, ret_why);
#endif
    return store_sqlite_open(conf, ret_store, ret_why);
}

enum status store_open_to_read(const char *url, struct store **ret_store,
                               char ret_why[STORE_ERROR_MAX])
{
    enum status st = store_url_check(url, ret_why);
    if (st != STATUS_OK)
        return st;
#ifdef CLERK_POSTGRES
    if (store_url_is_postgres(url))
        return store_postgres_open_to_read(url, ret_store, ret_why);
#endif
    return store_sqlite_open_to_read(url, ret_store, ret_why);
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

const char *store_why(const struct store *store)
{
    return store->why;
}

bool store_wants_plan(const struct store *store)
{
    return store->ops->plan != NULL;
}

enum status store_plan(struct store *store, struct store_plan *plans, size_t count)
{
    return store->ops->plan(store, plans, count);
}

enum status store_settle(struct store *store, store_stale_fn *fn, void *arg)
{
    return store->ops->settle ? store->ops->settle(store, fn, arg) : STATUS_OK;
}

enum status store_begin(struct store *store)
{
    return store->ops->begin(store);
}

enum status store_commit(struct store *store)
{
    return store->ops->commit(store);
}

void store_rollback(struct store *store)
{
    store->ops->rollback(store);
}

enum status store_savepoint(struct store *store)
{
    return store->ops->savepoint(store);
}

enum status store_release(struct store *store)
{
    return store->ops->release(store);
}

enum status store_rollback_to(struct store *store)
{
    return store->ops->rollback_to(store);
}

enum status store_record(struct store *store, const struct store_ledger_row *row)
{
    return store->ops->record(store, row);
}

enum status store_set_outcome(struct store *store, struct slice svix_id, enum store_outcome outcome)
{
    return store->ops->set_outcome(store, svix_id, outcome);
}

enum status store_upsert(struct store *store, const struct row *row)
{
    return store->ops->upsert(store, row);
}

enum status store_replace_children(struct store *store, const struct catalog_table *table,
                                   struct slice parent_id, const struct row_list *children)
{
    return store->ops->replace_children(store, table, parent_id, children);
}

enum status store_delete(struct store *store, const struct catalog_table *table,
                         struct slice clerk_id, int64_t event_at)
{
    return store->ops->delete (store, table, clerk_id, event_at);
}

enum status store_bury(struct store *store, const struct store_dead_letter *letter)
{
    return store->ops->bury(store, letter);
}

enum status store_reopen(struct store *store, struct slice svix_id, int64_t now_ms)
{
    return store->ops->reopen(store, svix_id, now_ms);
}

enum status store_take_retry(struct store *store, struct slice svix_id)
{
    return store->ops->take_retry(store, svix_id);
}

enum status store_drop_dead(struct store *store, struct slice svix_id)
{
    return store->ops->drop_dead(store, svix_id);
}

enum status store_attempt(struct store *store, struct slice svix_id, int64_t *ret_count)
{
    return store->ops->attempt(store, svix_id, ret_count);
}

enum status store_attempt_done(struct store *store, struct slice svix_id)
{
    return store->ops->attempt_done(store, svix_id);
}

enum status store_prune(struct store *store, int64_t before_ms, size_t limit, size_t *ret_removed)
{
    return store->ops->prune(store, before_ms, limit, ret_removed);
}

enum status store_signs(struct store *store, struct store_signs *ret_signs)
{
    return store->ops->signs(store, ret_signs);
}

enum status store_maintain(struct store *store, bool idle)
{
    return store->ops->maintain(store, idle);
}

enum status store_ping(struct store *store)
{
    return store->ops->ping(store);
}

enum status store_count(struct store *store, int64_t recent_ms, struct store_counts *ret_counts)
{
    return store->ops->count(store, recent_ms, ret_counts);
}

enum status store_each_type(struct store *store, store_type_fn *fn, void *arg)
{
    return store->ops->each_type(store, fn, arg);
}

enum status store_each_dead_letter(struct store *store, const struct store_dead_place *after,
                                   int64_t until_ms, store_dead_fn *fn, void *arg)
{
    return store->ops->each_dead_letter(store, after, until_ms, fn, arg);
}

enum status store_one_dead_letter(struct store *store, struct slice svix_id, store_dead_fn *fn,
                                  void *arg)
{
    return store->ops->one_dead_letter(store, svix_id, fn, arg);
}

enum status store_compare_row(struct store *store, const struct row *row, store_difference_fn *fn,
                              void *arg)
{
    return store->ops->compare_row(store, row, fn, arg);
}

enum status store_compare_children(struct store *store, const struct catalog_table *table,
                                   struct slice parent_id, const struct row_list *children,
                                   store_difference_fn *fn, void *arg)
{
    return store->ops->compare_children(store, table, parent_id, children, fn, arg);
}

enum status store_recent(struct store *store, int64_t since_ms, struct store_recent *ret_recent)
{
    return store->ops->recent(store, since_ms, ret_recent);
}

enum status store_find_event(struct store *store, struct slice svix_id, store_event_fn *fn,
                             void *arg)
{
    return store->ops->find_event(store, svix_id, fn, arg);
}

enum status store_each_event_of(struct store *store, struct slice clerk_id, store_event_fn *fn,
                                void *arg)
{
    return store->ops->each_event_of(store, clerk_id, fn, arg);
}

enum status store_find_object(struct store *store, struct slice clerk_id, store_column_fn *fn,
                              void *arg)
{
    return store->ops->find_object(store, clerk_id, fn, arg);
}

enum status store_find_tombstone(struct store *store, struct slice clerk_id, int64_t *ret_event_at)
{
    return store->ops->find_tombstone(store, clerk_id, ret_event_at);
}
