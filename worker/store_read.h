#ifndef CLERK_STORE_READ_H
#define CLERK_STORE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/store.h"

/* Looking into the database from outside: for the operator's commands. Statuses as in store.h;
 * nothing here changes anything, waits for the writer's turn or holds up a worker. All calls block.
 */

/* Opens an existing database to read it: creates nothing, migrates nothing. Besides the calls below
 * only store_why(), store_ping() and store_close() may follow. STATUS_NOT_FOUND: there is no
 * database yet, a worker creates it. STATUS_INVALID, STATUS_UNAVAILABLE, STATUS_FATAL as
 * store_open(). ret_why gets the reason of any failure. */
enum status store_open_to_read(const char *url, struct store **ret_store,
                               char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

struct store_counts {
    /* of the database, and of its write-ahead log; 0 where there is none */
    int64_t file_bytes;
    int64_t log_bytes;
    int64_t schema_version;
    /* rows of webhook_events; of these, processed since the caller's recent_ms; the latest of all
     * processed_at, 0: there is none */
    int64_t ledger_rows;
    int64_t ledger_recent;
    int64_t last_processed_ms;
    /* rows of dead_letters; the latest failed_at, 0: there is none */
    int64_t dead_letters;
    int64_t last_dead_ms;
};

/* Counts, as of one snapshot but for the sizes. recent_ms: wall clock. Takes time in proportion to
 * the ledger. */
enum status store_count(struct store *store, int64_t recent_ms,
                        struct store_counts *ret_counts) MUST_CHECK;

enum { STORE_TYPES_WINDOW = 100000 };

/* Calls fn for each event type among the STORE_TYPES_WINDOW ledger rows that were processed last,
 * the latest type first: when its last event was processed, and how many there are. type is
 * borrowed for the call. */
typedef void store_type_fn(void *arg, struct slice type, int64_t last_ms, int64_t count);
enum status store_each_type(struct store *store, store_type_fn *fn, void *arg) MUST_CHECK;

/* A place in the list of dead letters, which is ordered by failed_at and svix_id. {0}: the start.
 */
struct store_dead_place {
    int64_t failed_at;
    struct slice svix_id;
};

/* Calls fn for each dead letter behind *after and not younger than until_ms, in order, until fn
 * returns false. The letter is borrowed for the call; fn must not use store. */
typedef bool store_dead_fn(void *arg, const struct store_dead_letter *letter);
enum status store_each_dead_letter(struct store *store, const struct store_dead_place *after,
                                   int64_t until_ms, store_dead_fn *fn, void *arg) MUST_CHECK;

/* Calls fn, and STATUS_OK, for the one with this svix_id. STATUS_NOT_FOUND: there is none. */
enum status store_one_dead_letter(struct store *store, struct slice svix_id, store_dead_fn *fn,
                                  void *arg) MUST_CHECK;

/* Compares a row with the one of its clerk_id in the database: fn is called for each column that
 * holds something else, updated_at included. White space in JSON does not count. STATUS_NOT_FOUND:
 * there is no such row. */
typedef void store_difference_fn(void *arg, const struct catalog_table *table, const char *column);
enum status store_compare_row(struct store *store, const struct row *row, store_difference_fn *fn,
                              void *arg) MUST_CHECK;

/* Compares the child rows of parent_id likewise; a row that is there or here alone is a difference
 * in the column "clerk_id". */
enum status store_compare_children(struct store *store, const struct catalog_table *table,
                                   struct slice parent_id, const struct row_list *children,
                                   store_difference_fn *fn, void *arg) MUST_CHECK;

#endif
