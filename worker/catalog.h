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
    /* string; whole numbers below ±2^53 and booleans as their JSON text */
    COLUMN_TEXT,
    /* as COLUMN_TEXT, and "" is NULL (billing sends "" for null) */
    COLUMN_ID,
    /* whole number below ±2^53 (milliseconds, counts, minor units of money) */
    COLUMN_INT,
    /* 0 or 1 */
    COLUMN_BOOL,
    /* the exact bytes received, of any kind but null; path is one key of the object's top level;
     * not in child tables */
    COLUMN_JSON,
    /* text: what `primary` picks out of an array of the same object */
    COLUMN_PRIMARY,
    /* in a child table, 0 or 1: path's text equals what `primary` picks out of the parent object */
    COLUMN_IS_PRIMARY,
    /* 0 or 1: the text at any alternative of path is "verified"; never NULL */
    COLUMN_VERIFIED,
};

/* Picks the element of `array` whose "id" equals the text at `id_path`, then that element's text at
 * `value`. */
struct catalog_primary {
    const char *array;
    const char *id_path;
    const char *value;
};

/* path: keys joined by '.'; "name[0]" is the first element of an array, "name[key=text]" the first
 * element whose key has that text, "name[key~text]" the same and the first element of all where no
 * key has it. Alternatives are joined by '|', the first one present and not null counts. Absent and
 * null are NULL. Two paths are no keys: "$type" is the event's type as received, "$parent" (in
 * child tables) the clerk_id of the object that the array belongs to. */
struct catalog_column {
    const char *name;
    const char *path;
    enum column_kind kind;
    const struct catalog_primary *primary;
    /* for the documentation; NULL where the name says it all */
    const char *help;
};

/* An object table: id, clerk_id, the columns, then data, created_at, updated_at, event_at,
 * deleted_at. created_at comes from the key "created_at" or, where that is absent, "created_at_ms"
 * (text messages), updated_at from "updated_at". */
struct catalog_table {
    const char *name;
    const struct catalog_column *columns;
    size_t column_count;
    /* column with the user whose deletion takes the row along; NULL: none */
    const char *user_column;
    /* likewise for an organization */
    const char *organization_column;
    /* filled from an array of its parent; user_column names the parent, and that column's path
     * is "$parent" */
    bool is_child;
};

/* An array of an object whose elements are rows of a child table. Clerk may leave out an element's
 * "id"; its clerk_id is then the parent's clerk_id, ':' and the element's text at `identifier`. */
struct catalog_child {
    const char *array; /* key in data */
    const struct catalog_table *table;
    const char *identifier; /* key in the element */
};

/* secrets: paths as in redact.h, never stored. events: the suffixes that Clerk is known to send;
 * any other suffix is an upsert, only "deleted" deletes. Both end with NULL. */
struct catalog_object {
    /* event type up to its last dot: "user"; NULL: types that are not known */
    const char *prefix;
    const struct catalog_table *table;
    const struct catalog_child *children;
    size_t child_count;
    /* "body", "phone_numbers[].backup_codes" */
    const char *const *secrets;
    /* "created", "updated" */
    const char *const *events;
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

/* True when the type's suffix, what follows its last dot, is "deleted". */
bool catalog_is_delete(struct slice type);

/* The position of a table, which is one of them, in catalog_tables. */
size_t catalog_table_index(const struct catalog_table *table);

/* The position of a column in table->columns, or table->column_count when there is none. */
size_t catalog_column_index(const struct catalog_table *table, const char *name);

/* True when the database holds whole numbers in columns of this kind; texts otherwise. */
bool catalog_is_number(enum column_kind kind);

/* Which rows of a table a deletion takes along: the one with that clerk_id, those of that user, or
 * those of that organization. */
enum catalog_reach { CATALOG_ROW, CATALOG_OF_USER, CATALOG_OF_ORGANIZATION, CATALOG_NOTHING };

/* What goes with an object of table `deleted` in another table; CATALOG_NOTHING unless that is
 * users or organizations, and the other has a column for their ids. */
enum catalog_reach catalog_reach(const struct catalog_table *deleted,
                                 const struct catalog_table *other);

#endif
