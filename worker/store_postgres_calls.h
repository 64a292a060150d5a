#ifndef CLERK_STORE_POSTGRES_CALLS_H
#define CLERK_STORE_POSTGRES_CALLS_H

#include "worker/store_ops.h"

/* What stands in the PostgreSQL store's table of calls. The contracts are in store.h and
 * store_read.h: statuses, ownership, bounds. Only the parts of the store include this. */

extern const struct store_ops store_postgres_ops;
void store_postgres_close(struct store *base);
enum status store_postgres_begin(struct store *base);
enum status store_postgres_commit(struct store *base);
void store_postgres_rollback(struct store *base);
enum status store_postgres_savepoint(struct store *base);
enum status store_postgres_release(struct store *base);
enum status store_postgres_rollback_to(struct store *base);
enum status store_postgres_record(struct store *base, const struct store_ledger_row *row);
enum status store_postgres_set_outcome(struct store *base, struct slice svix_id,
                                       enum store_outcome outcome);
enum status store_postgres_upsert(struct store *base, const struct row *row);
enum status store_postgres_replace_children(struct store *base, const struct catalog_table *table,
                                            struct slice parent_id,
                                            const struct row_list *children);
enum status store_postgres_delete(struct store *base, const struct catalog_table *table,
                                  struct slice clerk_id, int64_t event_at);
enum status store_postgres_bury(struct store *base, const struct store_dead_letter *letter);
enum status store_postgres_reopen(struct store *base, struct slice svix_id, int64_t now_ms);
enum status store_postgres_take_retry(struct store *base, struct slice svix_id);
enum status store_postgres_drop_dead(struct store *base, struct slice svix_id);
enum status store_postgres_attempt(struct store *base, struct slice svix_id, int64_t *ret_count);
enum status store_postgres_attempt_done(struct store *base, struct slice svix_id);
enum status store_postgres_prune(struct store *base, int64_t before_ms, size_t limit,
                                 size_t *ret_removed);
enum status store_postgres_signs(struct store *base, struct store_signs *ret_signs);
enum status store_postgres_maintain(struct store *base, bool idle);
enum status store_postgres_ping(struct store *base);
enum status store_postgres_count(struct store *base, int64_t recent_ms,
                                 struct store_counts *ret_counts);
enum status store_postgres_each_type(struct store *base, store_type_fn *fn, void *arg);
enum status store_postgres_each_dead_letter(struct store *base,
                                            const struct store_dead_place *after, int64_t until_ms,
                                            store_dead_fn *fn, void *arg);
enum status store_postgres_one_dead_letter(struct store *base, struct slice svix_id,
                                           store_dead_fn *fn, void *arg);
enum status store_postgres_recent(struct store *base, int64_t since_ms,
                                  struct store_recent *ret_recent);
enum status store_postgres_find_event(struct store *base, struct slice svix_id, store_event_fn *fn,
                                      void *arg);
enum status store_postgres_each_event_of(struct store *base, struct slice clerk_id,
                                         store_event_fn *fn, void *arg);
enum status store_postgres_find_object(struct store *base, struct slice clerk_id,
                                       store_column_fn *fn, void *arg);
enum status store_postgres_find_tombstone(struct store *base, struct slice clerk_id,
                                          int64_t *ret_event_at);
enum status store_postgres_compare_row(struct store *base, const struct row *row,
                                       store_difference_fn *fn, void *arg);
enum status store_postgres_compare_children(struct store *base, const struct catalog_table *table,
                                            struct slice parent_id, const struct row_list *children,
                                            store_difference_fn *fn, void *arg);
enum status store_postgres_plan(struct store *base, struct store_plan *plans, size_t count);
enum status store_postgres_settle(struct store *base, store_stale_fn *fn, void *arg);

#endif
