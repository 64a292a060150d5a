#ifndef CLERK_SQL_H
#define CLERK_SQL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "worker/catalog.h"

/* SQL text made from the catalog, so that no table is spelled out twice. Knows no database library:
 * what differs between databases is a row of words, in sql.c for the statements and in sql_schema.c
 * for the tables. Every function appends to out; a text that does not fit shows in buf_status(). */

enum sql_dialect { SQL_SQLITE, SQL_POSTGRES };
enum sql_type { SQL_TEXT, SQL_INTEGER, SQL_BYTES };

/* The statements that exist for a table of the catalog. $1 is the first parameter. */
enum sql_of_table {
    /* $1 clerk_id, then the columns, data, created_at, updated_at, event_at, deleted_at; changes
     * no row when the one there is newer: greater (event_at, updated_at), in a child table
     * greater event_at */
    SQL_UPSERT,
    /* SQL_UPSERT for rows of which no two have one clerk_id: each parameter is an array; PostgreSQL
     * only */
    SQL_UPSERT_MANY,
    /* SQL_UPSERT, but leaves a row alone of which an indexed column would change, and no index has
     * to be touched for any other */
    SQL_UPSERT_IN_PLACE,
    /* $1 clerk_id */
    SQL_DELETE_ROW,
    /* $1 value of user_column */
    SQL_DELETE_OF_USER,
    /* $1 value of organization_column */
    SQL_DELETE_OF_ORGANIZATION,
    /* as the three above; deleted_at becomes $2 unless it is smaller already */
    SQL_MARK_ROW,
    SQL_MARK_OF_USER,
    SQL_MARK_OF_ORGANIZATION,
    /* child table, SQLite: the parameters of SQL_UPSERT; sets a row that is there and has this
     * parent, unless its event_at is greater. Goes through all rows of the parent and not through
     * the index of clerk_id */
    SQL_UPDATE_OF_PARENT,
    /* child table: removes the rows of parent $1 but the one with clerk_id $2 */
    SQL_TRIM_TO_ONE,
    /* likewise but those in the JSON array $2 */
    SQL_TRIM_TO_MANY,
    SQL_OF_TABLE_COUNT
};

/* Appends one statement. Empty when the table has no such column (SQL_…_OF_USER without
 * user_column, SQL_UPDATE_OF_PARENT and SQL_TRIM_… where it is no child table). */
void sql_of_table(struct buf *out, enum sql_dialect dialect, const struct catalog_table *table,
                  enum sql_of_table which);

/* Appends CREATE TABLE and its CREATE INDEX statements, each ended by ';': for one table of the
 * catalog, and for the tables of our own (ledger, dead letters, tombstones, attempts). They are
 * plain CREATE TABLE, so that a table of somebody else's is an error and never adopted. */
void sql_create_table(struct buf *out, enum sql_dialect dialect, const struct catalog_table *table);
void sql_create_own_tables(struct buf *out, enum sql_dialect dialect);

/* Whether a column has an index: what cascades look up, and what an application joins or searches
 * by. clerk_id, which is unique, does not count. */
bool sql_is_indexed(const struct catalog_table *table, const char *column);

/* The names of the tables of our own, in number sql_own_table_count. */
extern const size_t sql_own_table_count;
const char *sql_own_table_name(size_t i);

/* The columns of a table of the catalog, or of the i-th of our own, in the order of its CREATE
 * TABLE; the first one is its key. ret_columns has room for SQL_COLUMNS_MAX; returns how many. The
 * names are the catalog's, or constants. */
enum { SQL_COLUMNS_MAX = 40 };
struct sql_column {
    const char *name;
    enum sql_type type;
};
size_t sql_columns(const struct catalog_table *table, struct sql_column ret_columns[]);
size_t sql_own_columns(size_t i, struct sql_column ret_columns[]);

/* What PostgreSQL calls an array of that type; SQLite has none. */
const char *sql_array_type(enum sql_type type);

#endif
