#ifndef CLERK_STORE_SQLITE_COPY_H
#define CLERK_STORE_SQLITE_COPY_H

#include "worker/move_table.h"
#include "worker/store.h"

/* An SQLite database as what is copied from. Statuses as in store.h, store_why() has the reason.
 * All calls block. */

/* Opens an existing database to read it, as it is at this moment and stays for this connection.
 * Unless only_looks, it also takes the writer's turn and keeps it until store_close(): nobody who
 * writes through store.h changes anything meanwhile. STATUS_NOT_FOUND: there is no database, or one
 * without tables. STATUS_UNAVAILABLE, besides the rest: another program has the database open to
 * write, be it idle at the moment; a worker is one. Where the file system cannot tell who has a
 * file open, only the turn counts. ret_why gets the reason of any failure. */
enum status store_sqlite_copy_open(const char *url, bool only_looks, struct store **ret_store,
                                   char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

/* What a table holds, to notice that it has changed: its rows, and its greatest mark (0: none). */
struct move_mark {
    int64_t rows;
    int64_t mark;
};
enum status store_sqlite_copy_mark(struct store *base, const struct move_table *table,
                                   struct move_mark *ret_mark) MUST_CHECK;

/* Reads the rows behind after, in the order of the key, until the portion is full or the table
 * ends; an empty portion: there are none. The portion is yours: move_portion_release(). */
enum status store_sqlite_copy_read(struct store *base, const struct move_table *table,
                                   const struct move_key *after,
                                   struct move_portion *ret_portion) MUST_CHECK;

#endif
