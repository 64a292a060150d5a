#ifndef CLERK_STORE_POSTGRES_COPY_H
#define CLERK_STORE_POSTGRES_COPY_H

#include "worker/move_table.h"
#include "worker/store.h"

/* A PostgreSQL database as what is copied into. The store is one that store_open() has opened with
 * is_copy, or store_open_to_read() where a call only reads. Statuses as in store.h, store_why() has
 * the reason. All calls block.
 *
 * A copy under way is a table clerk_copy: a row for each table, with what it held at the source
 * when the copy began and how far the copy has come. While it exists no worker takes the database.
 */

/* How far a table has come. */
struct copy_place {
    /* at the source, when the copy began */
    int64_t source_rows;
    int64_t source_mark;
    /* rows that were copied, and the key of the last one; the key is yours */
    int64_t copied;
    struct move_key last;
};

/* Whether a copy is under way. Reads. */
enum status store_postgres_copy_is_begun(struct store *base, bool *ret_is_begun) MUST_CHECK;

/* Makes clerk_copy; places has a row for each table, in move_table_at()'s order. */
enum status store_postgres_copy_begin(struct store *base,
                                      const struct copy_place *places) MUST_CHECK;

/* Reads one row of it. STATUS_NOT_FOUND: the copy is of other tables. */
enum status store_postgres_copy_place(struct store *base, const struct move_table *table,
                                      struct copy_place *ret_place) MUST_CHECK;

/* Makes the portion as PostgreSQL would store it, in place: a type of an event that is no text for
 * it is NULL, as the worker has it. Asks nobody. STATUS_BAD_DATA: another value is no text, and the
 * row cannot be stored; ret_why names it. */
enum status store_postgres_copy_clean(struct move_portion *portion,
                                      char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

/* Inserts the rows of a portion that are not there and says in clerk_copy that copied rows of the
 * table are, in one transaction. STATUS_BAD_DATA: a row cannot be stored; the reason names it. */
enum status store_postgres_copy_write(struct store *base, const struct move_portion *portion,
                                      int64_t copied) MUST_CHECK;

/* Reads the rows that have a key of the portion, in the order of the key. Yours:
 * move_portion_release(). */
enum status store_postgres_copy_read(struct store *base, const struct move_portion *keys,
                                     struct move_portion *ret_portion) MUST_CHECK;

/* Counts the rows of a table, in short statements. */
enum status store_postgres_copy_count(struct store *base, const struct move_table *table,
                                      int64_t *ret_rows) MUST_CHECK;

/* The copy is whole: new rows get ids behind the copied ones, and clerk_copy is removed. */
enum status store_postgres_copy_end(struct store *base) MUST_CHECK;

#endif
