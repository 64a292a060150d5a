#ifndef CLERK_COLUMN_H
#define CLERK_COLUMN_H

#include "common/slice.h"
#include "common/status.h"
#include "worker/catalog.h"
#include "worker/json_node.h"
#include "worker/row.h"

struct arena;

enum { COLUMN_REASON_MAX = 200 };

/* Fills one column after another from an object, as the catalog says. */
struct column_reader {
    const struct catalog_table *table;
    struct json_node object;
    /* the object that holds the array; none outside child tables */
    struct json_node parent;
    /* what "$parent" gives */
    struct slice parent_id;
    /* what "$type" gives; borrowed by the values */
    struct slice type;
    /* where texts are made that hold escapes */
    struct arena *arena;
    /* COLUMN_REASON_MAX bytes, filled for STATUS_BAD_DATA */
    char *reason;
};

/* Reads one column. Texts of *ret_value live in the arena, in the object's text or in what the
 * reader borrows; they outlive the tape. STATUS_BAD_DATA: the payload has
 * another kind of value there, or one out of range; the reason is one sentence that names table
 * and column and nothing of the payload. STATUS_NO_MEMORY. */
enum status column_read(const struct column_reader *reader, const struct catalog_column *column,
                        struct value *ret_value) MUST_CHECK;

/* Writes the reason "TABLE.NAME: COMPLAINT" and returns STATUS_BAD_DATA. */
enum status column_refuse(const struct column_reader *reader, const char *name,
                          const char *complaint) MUST_CHECK;

#endif
