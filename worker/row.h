#ifndef CLERK_ROW_H
#define CLERK_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

/* One row of an object table, between decoder and database. */

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_TEXT };

struct value {
    enum value_kind kind;
    int64_t number;    /* VALUE_INT */
    struct slice text; /* VALUE_TEXT; borrowed, UTF-8, without NUL */
};

struct catalog_table;

struct row {
    const struct catalog_table *table;
    struct slice clerk_id;
    const struct value *values; /* table->column_count of them, in the catalog's order */
    struct slice data;          /* the object as received, secrets removed */
    struct value created_at;    /* ms, or NULL where the payload has none */
    struct value updated_at;    /* ms, or NULL */
    int64_t event_at;           /* ms */
};

struct row_list {
    struct row *rows;
    size_t count;
};

#endif
