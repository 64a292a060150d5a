#ifndef CLERK_STORE_OPS_H
#define CLERK_STORE_OPS_H

#include "worker/store_find.h"
#include "worker/store_read.h"

/* What each database gives to store.c, which forwards the calls of store.h and store_read.h: their
 * contracts are there. Only store.c and the stores themselves include this. */

/* The kinds of call. A database declares its functions by them, so that each signature stands here
 * alone. */
typedef enum status store_step_fn(struct store *store);
typedef void store_end_fn(struct store *store);
typedef enum status store_on_event_fn(struct store *store, struct slice svix_id);
typedef enum status store_record_fn(struct store *store, const struct store_ledger_row *row);
typedef enum status store_set_outcome_fn(struct store *store, struct slice svix_id,
                                         enum store_outcome outcome);
typedef enum status store_upsert_fn(struct store *store, const struct row *row);
typedef enum status store_replace_children_fn(struct store *store,
                                              const struct catalog_table *table,
                                              struct slice parent_id,
                                              const struct row_list *children);
typedef enum status store_delete_fn(struct store *store, const struct catalog_table *table,
                                    struct slice clerk_id, int64_t event_at);
typedef enum status store_bury_fn(struct store *store, const struct store_dead_letter *letter);
typedef enum status store_reopen_fn(struct store *store, struct slice svix_id, int64_t now_ms);
typedef enum status store_attempt_fn(struct store *store, struct slice svix_id, int64_t *ret_count);
typedef enum status store_prune_fn(struct store *store, int64_t before_ms, size_t limit,
                                   size_t *ret_removed);
typedef enum status store_signs_fn(struct store *store, struct store_signs *ret_signs);
typedef enum status store_maintain_fn(struct store *store, bool idle);
typedef enum status store_count_fn(struct store *store, int64_t recent_ms,
                                   struct store_counts *ret_counts);
typedef enum status store_each_type_fn(struct store *store, store_type_fn *fn, void *arg);
typedef enum status store_each_dead_letter_fn(struct store *store,
                                              const struct store_dead_place *after,
                                              int64_t until_ms, store_dead_fn *fn, void *arg);
typedef enum status store_one_dead_letter_fn(struct store *store, struct slice svix_id,
                                             store_dead_fn *fn, void *arg);
typedef enum status store_recent_fn(struct store *store, int64_t since_ms,
                                    struct store_recent *ret_recent);
typedef enum status store_find_events_fn(struct store *store, struct slice id, store_event_fn *fn,
                                         void *arg);
typedef enum status store_find_object_fn(struct store *store, struct slice clerk_id,
                                         store_column_fn *fn, void *arg);
typedef enum status store_find_tombstone_fn(struct store *store, struct slice clerk_id,
                                            int64_t *ret_event_at);
typedef enum status store_compare_row_fn(struct store *store, const struct row *row,
                                         store_difference_fn *fn, void *arg);
typedef enum status store_compare_children_fn(struct store *store,
                                              const struct catalog_table *table,
                                              struct slice parent_id,
                                              const struct row_list *children,
                                              store_difference_fn *fn, void *arg);
typedef enum status store_plan_fn(struct store *store, struct store_plan *plans, size_t count);
typedef enum status store_settle_fn(struct store *store, store_stale_fn *fn, void *arg);

struct store_ops {
    /* Ends the store: frees it whole, base included. NULL never comes here. */
    store_end_fn *close;
    /* The transaction, and the savepoint inside it. */
    store_step_fn *begin, *commit;
    store_end_fn *rollback;
    store_step_fn *savepoint, *release, *rollback_to;
    /* The ledger. */
    store_record_fn *record;
    store_set_outcome_fn *set_outcome;
    /* The object tables, their child rows, and tombstones. */
    store_upsert_fn *upsert;
    store_replace_children_fn *replace_children;
    store_delete_fn *delete;
    /* Dead letters. */
    store_bury_fn *bury;
    store_reopen_fn *reopen;
    store_on_event_fn *take_retry, *drop_dead;
    /* Lonely attempts. */
    store_attempt_fn *attempt;
    store_on_event_fn *attempt_done;
    /* Between transactions. */
    store_prune_fn *prune;
    store_signs_fn *signs;
    store_maintain_fn *maintain;
    store_step_fn *ping;
    /* Looking in from outside, as store_read.h has it; also for a store opened to read. */
    store_count_fn *count;
    store_each_type_fn *each_type;
    store_each_dead_letter_fn *each_dead_letter;
    store_one_dead_letter_fn *one_dead_letter;
    /* Looking one thing up, as store_find.h has it. */
    store_recent_fn *recent;
    store_find_events_fn *find_event, *each_event_of;
    store_find_object_fn *find_object;
    store_find_tombstone_fn *find_tombstone;
    store_compare_row_fn *compare_row;
    store_compare_children_fn *compare_children;
    /* These two may be NULL: the database answers each call at once and wants no plan. */
    store_plan_fn *plan;
    store_settle_fn *settle;
};

/* What every store begins with. */
struct store {
    const struct store_ops *ops;
    char why[STORE_ERROR_MAX]; /* for store_why() */
};

#endif
