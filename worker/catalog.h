#ifndef CLERK_CATALOG_H
#define CLERK_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/slice.h"

/* Every Clerk object as data: which events speak of it, which table holds it, which columns are
 * filled from which path of the payload. DDL, upsert, delete, decoding and the documentation of the
 * tables come from here; a new event type is a new row. Sources: Clerk's OpenAPI file
 * webhooks/2025-04-15.yml and the types of @clerk/backend 3.25.0. */

enum column_kind {
    COLUMN_TEXT, /* string; numbers and booleans as their JSON text */
    COLUMN_ID,   /* as COLUMN_TEXT, and "" is NULL (billing sends "" for null) */
    COLUMN_INT,  /* whole number within ±2^53 (milliseconds, counts, minor units of money) */
    COLUMN_BOOL, /* 0 or 1 */
    COLUMN_JSON, /* the exact bytes received, of any kind but null; path is one key of the object's
                    top level */
    COLUMN_PRIMARY,    /* text: what `primary` picks out of an array of the same object */
    COLUMN_IS_PRIMARY, /* in a child table, 0 or 1: path's text equals what `primary` picks out of
                          the parent object */
    COLUMN_VERIFIED,   /* 0 or 1: the text at path is "verified" */
};

/* Picks the element of `array` whose "id" equals the text at `id_path`, then that element's text at
 * `value`. */
struct catalog_primary {
    const char *array;
    const char *id_path;
    const char *value;
};

/* path: keys joined by '.'; "name[0]" is an element, "name[key=text]" the first element whose key
 * has that text; alternatives are joined by '|', the first one present and not null counts. Absent
 * and null are NULL. */
struct catalog_column {
    const char *name;
    const char *path;
    enum column_kind kind;
    const struct catalog_primary *primary;
    const char *help; /* for the documentation; NULL where the name says it all */
};

/* An object table: id, clerk_id, the columns, then data, created_at, updated_at, event_at,
 * deleted_at. */
struct catalog_table {
    const char *name;
    const struct catalog_column *columns;
    size_t column_count;
    const char
        *user_column; /* column with the user whose deletion takes the row along; NULL: none */
    const char *organization_column; /* likewise for an organization */
    bool is_child; /* filled from an array of its parent; user_column names the parent */
};

/* An array of an object whose elements are rows of a child table. */
struct catalog_child {
    const char *array; /* key in data */
    const struct catalog_table *table;
};

struct catalog_object {
    const char
        *prefix; /* event type up to the dot: "user"; NULL: the row for types that are not known */
    const struct catalog_table *table;
    const struct catalog_child *children;
    size_t child_count;
    const char *const
        *secrets; /* NULL-terminated paths never stored: "body", "phone_numbers[].backup_codes" */
    const char *const
        *events; /* NULL-terminated known suffixes: "created", "updated"; only "deleted" deletes */
};

/* The objects, the one for unknown types last, and all tables, children after their parents. */
extern const struct catalog_object catalog_objects[];
extern const size_t catalog_object_count;
extern const struct catalog_table *const catalog_tables[];
extern const size_t catalog_table_count;

/* The type under which an alias is handled ("subscription.past_due" is "subscription.pastDue");
 * type itself otherwise. */
struct slice catalog_canonical_type(struct slice type);

/* The object that a canonical type speaks of: by prefix, so that an unknown suffix of a known
 * object is an upsert of it; the row for unknown types otherwise. Never NULL. */
const struct catalog_object *catalog_find(struct slice type);

/* True when the catalog names exactly this (canonical) type: one of the 51. */
bool catalog_knows_type(struct slice type);

/* True when the type's suffix is "deleted". */
bool catalog_is_delete(struct slice type);

/* The position of a column in table->columns, or table->column_count when there is none. */
size_t catalog_column_index(const struct catalog_table *table, const char *name);

#endif
