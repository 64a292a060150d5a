#ifndef CLERK_STORE_OPS_H
#define CLERK_STORE_OPS_H

#include "worker/store_find.h"
#include "worker/store_read.h"

/* What each database gives to store.c, which forwards the calls of store.h and store_read.h: their
 * contracts are there. Only store.c and the stores themselves include this. */

struct store_ops {
    /* Ends the store: frees it whole, base included. NULL never comes here. */
    void (*close)(struct store *store);
    /* The transaction, and the savepoint inside it. */
    enum status (*begin)(struct store *store);
    enum status (*commit)(struct store *store);
    void (*rollback)(struct store *store);
    enum status (*savepoint)(struct store *store);
    enum status (*release)(struct store *store);
    enum status (*rollback_to)(struct store *store);
    /* The ledger. */
    enum status (*record)(struct store *store, const struct store_ledger_row *row);
    enum status (*set_outcome)(struct store *store, struct slice svix_id,
                               enum store_outcome outcome);
    /* The object tables, their child rows, and tombstones. */
    enum status (*upsert)(struct store *store, const struct row *row);
    enum status (*replace_children)(struct store *store, const struct catalog_table *table,
                                    struct slice parent_id, const struct row_list *children);
    enum status (*delete)(struct store *store, const struct catalog_table *table,
                          struct slice clerk_id, int64_t event_at);
    /* Dead letters. */
    enum status (*bury)(struct store *store, const struct store_dead_letter *letter);
    enum status (*reopen)(struct store *store, struct slice svix_id, int64_t now_ms);
    enum status (*take_retry)(struct store *store, struct slice svix_id);
    enum status (*drop_dead)(struct store *store, struct slice svix_id);
    /* Lonely attempts. */
    enum status (*attempt)(struct store *store, struct slice svix_id, int64_t *ret_count);
    enum status (*attempt_done)(struct store *store, struct slice svix_id);
    /* Between transactions. */
    enum status (*prune)(struct store *store, int64_t before_ms, size_t limit, size_t *ret_removed);
    enum status (*signs)(struct store *store, struct store_signs *ret_signs);
    enum status (*maintain)(struct store *store, bool idle);
    enum status (*ping)(struct store *store);
    /* Looking in from outside, as store_read.h has it; also for a store opened to read. */
    enum status (*count)(struct store *store, int64_t recent_ms, struct store_counts *ret_counts);
    enum status (*each_type)(struct store *store, store_type_fn *fn, void *arg);
    enum status (*each_dead_letter)(struct store *store, const struct store_dead_place *after,
                                    int64_t until_ms, store_dead_fn *fn, void *arg);
    enum status (*one_dead_letter)(struct store *store, struct slice svix_id, store_dead_fn *fn,
                                   void *arg);
    /* Looking one thing up, as store_find.h has it. */
    enum status (*recent)(struct store *store, int64_t since_ms, struct store_recent *ret_recent);
    enum status (*find_event)(struct store *store, struct slice svix_id, store_event_fn *fn,
                              void *arg);
    enum status (*each_event_of)(struct store *store, struct slice clerk_id, store_event_fn *fn,
                                 void *arg);
    enum status (*find_object)(struct store *store, struct slice clerk_id, store_column_fn *fn,
                               void *arg);
    enum status (*find_tombstone)(struct store *store, struct slice clerk_id,
                                  int64_t *ret_event_at);
    enum status (*compare_row)(struct store *store, const struct row *row, store_difference_fn *fn,
                               void *arg);
    enum status (*compare_children)(struct store *store, const struct catalog_table *table,
                                    struct slice parent_id, const struct row_list *children,
                                    store_difference_fn *fn, void *arg);
    /* These two may be NULL: the database answers each call at once and wants no plan. */
    enum status (*plan)(struct store *store, struct store_plan *plans, size_t count);
    enum status (*settle)(struct store *store, store_stale_fn *fn, void *arg);
};

/* What every store begins with. */
struct store {
    const struct store_ops *ops;
    char why[STORE_ERROR_MAX]; /* for store_why() */
};

#endif
