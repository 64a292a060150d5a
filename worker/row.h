#ifndef CLERK_ROW_H
#define CLERK_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

/* One row of an object table, between decoder and database: neither knows the other, both know this
 * and the catalog. Rows only borrow; whoever made them (an event's arena) owns the memory. */

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_TEXT };

struct value {
    enum value_kind kind;
    /* VALUE_INT: numbers, times in ms, booleans as 0 and 1 */
    int64_t number;
    /* VALUE_TEXT: borrowed, UTF-8, without NUL; JSON columns hold the bytes as received */
    struct slice text;
};

struct catalog_table;

struct row {
    const struct catalog_table *table;
    /* Clerk's id, never empty; in child tables maybe made up, see struct catalog_child */
    struct slice clerk_id;
    /* table->column_count of them, in the catalog's order */
    const struct value *values;
    /* the object as received, secrets removed: one JSON value */
    struct slice data;
    /* ms since the epoch, or VALUE_NULL where the payload has none */
    struct value created_at;
    struct value updated_at;
    /* ms; of the event that brings the row, and what the ordering guard goes by first */
    int64_t event_at;
};

/* The ids of whatever takes the row along when it is deleted: the object itself, its user, its
 * organization. Borrowed from row; empty where the table has no such column, or the row no value in
 * it. */
enum { ROW_OWNERS = 3 };
void row_owners(const struct row *row, struct slice ret_ids[ROW_OWNERS]);

/* Rows of one table; count 0 with any rows pointer is an empty list. */
struct row_list {
    struct row *rows;
    size_t count;
};

#endif
