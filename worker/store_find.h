#ifndef CLERK_STORE_FIND_H
#define CLERK_STORE_FIND_H

#include "worker/store_read.h"

/* Looking one thing up: for the page. Stores opened to read, statuses and blocking as in
 * store_read.h. What a callback gets is borrowed for the call; it must not use store. */

enum { STORE_RECENT_MAX = 2000, STORE_HISTORY_MAX = 50 };

/* How long events took from ingest to their commit, of those processed at since_ms or later: the
 * STORE_RECENT_MAX latest at most. count 0: there were none, the others are 0. */
struct store_recent {
    int64_t count;
    int64_t mean_ms;
    int64_t max_ms;
};
enum status store_recent(struct store *store, int64_t since_ms,
                         struct store_recent *ret_recent) MUST_CHECK;

/* A row of the ledger as it is read; times of 0 are not known. */
struct store_found_event {
    struct slice svix_id, type, clerk_id, outcome;
    int64_t event_at, received_at, processed_at;
};
typedef void store_event_fn(void *arg, const struct store_found_event *event);

/* The event of this svix-id. STATUS_NOT_FOUND: the ledger does not (or no longer) know it. */
enum status store_find_event(struct store *store, struct slice svix_id, store_event_fn *fn,
                             void *arg) MUST_CHECK;

/* The STORE_HISTORY_MAX latest events of an object, the latest first, among the STORE_TYPES_WINDOW
 * ledger rows that were processed last: the ledger has no index on objects. */
enum status store_each_event_of(struct store *store, struct slice clerk_id, store_event_fn *fn,
                                void *arg) MUST_CHECK;

/* Calls fn for each column of the object's row, in the table's order. STATUS_NOT_FOUND: no table
 * has it. table: its name. */
typedef void store_column_fn(void *arg, const char *table, const char *column,
                             const struct value *value);
enum status store_find_object(struct store *store, struct slice clerk_id, store_column_fn *fn,
                              void *arg) MUST_CHECK;

/* When it was deleted, by its tombstone. STATUS_NOT_FOUND: there is none. */
enum status store_find_tombstone(struct store *store, struct slice clerk_id,
                                 int64_t *ret_event_at) MUST_CHECK;

#endif
