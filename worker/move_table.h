#ifndef CLERK_MOVE_TABLE_H
#define CLERK_MOVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "worker/row.h"
#include "worker/sql.h"

/* What moves from one database to another, and in which pieces: all tables of the catalog and all
 * of our own, each in the order of its key, a portion of rows at a time. Knows no database. */

struct arena;

struct move_table {
    const char *name;
    /* column_count of them; the first one is the key, a number or a text */
    struct sql_column columns[SQL_COLUMNS_MAX];
    size_t column_count;
    /* the column whose greatest value tells, with the number of rows, that a table has changed: our
     * id, or when something was last processed, failed or deleted */
    const char *mark;
};

size_t move_table_count(void);
struct move_table move_table_at(size_t i);

/* Appends the names of all columns, with commas in between. */
void move_table_list(const struct move_table *table, struct buf *out);

enum {
    MOVE_ROWS_MAX = 1000,             /* rows in a portion */
    MOVE_BYTES_MAX = 4 * 1024 * 1024, /* of texts; the row that passes it is the last one */
};

/* Some rows of a table, by key. {0} is an empty one. */
struct move_portion {
    const struct move_table *table;
    /* row_count * table->column_count of them, row by row; in arena, like their texts. The kind of
     * a column of bytes is VALUE_TEXT, too. */
    struct value *values;
    size_t row_count;
    size_t bytes;
    struct arena *arena;
};

/* An empty portion with room for MOVE_ROWS_MAX rows. STATUS_NO_MEMORY. The portion is yours:
 * move_portion_release(). */
enum status move_portion_begin(const struct move_table *table,
                               struct move_portion *ret_portion) MUST_CHECK;

/* Frees all of it. {0} and repeated calls are fine. */
void move_portion_release(struct move_portion *portion);

/* The values of a row. */
struct value *move_portion_row(const struct move_portion *portion, size_t row);

/* True when no further row belongs into this portion. */
bool move_portion_is_full(const struct move_portion *portion);

/* Sets a value of the row behind the last one to a copy of value. STATUS_NO_MEMORY. The row counts
 * once the caller has raised row_count. */
enum status move_portion_set(struct move_portion *portion, size_t column,
                             struct value value) MUST_CHECK;

/* The key of the row that was seen last. {0}: none was. */
struct move_key {
    bool is_set;
    struct value value;
    /* what the value's text points to */
    char *text;
};

/* Copies key; STATUS_NO_MEMORY. move_key_release() frees, also {0}. */
enum status move_key_set(struct move_key *key, struct value value) MUST_CHECK;
void move_key_release(struct move_key *key);

/* A key as text, and back: what a person reads and a restarted copy goes on from. False: text is no
 * key of this table. The value borrows text. */
void move_key_print(const struct value *key, struct buf *out);
bool move_key_read(const struct move_table *table, struct slice text, struct value *ret_key);

/* The order of two keys of one table: numbers by size, texts bytewise. */
int move_key_compare(const struct value *a, const struct value *b);

/* A number for a row's values, NULLs and lengths included, the same whatever database they come
 * from; and the sum of a list of rows, in order. FNV-1a, 64 bits: it finds damage, no forgery. */
uint64_t move_sum_of_row(const struct move_table *table, const struct value *row);
uint64_t move_sum_begin(void);
uint64_t move_sum_add(uint64_t sum, uint64_t row);

#endif
