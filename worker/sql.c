#include "worker/sql.h"

#include <assert.h>
#include <string.h>

struct words {
    char parameter;
    const char *not_in_array;
};

static const struct words dialects[] = {
    [SQL_SQLITE] = { '?', "NOT IN (SELECT value FROM json_each(?2))" },
    [SQL_POSTGRES] = { '$', "NOT IN (SELECT json_array_elements_text($2::json))" },
};

static enum sql_type type_of(enum column_kind kind)
{
    return catalog_is_number(kind) ? SQL_INTEGER : SQL_TEXT;
}

static bool same(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

bool sql_is_indexed(const struct catalog_table *table, const char *column)
{
    return same(table->user_column, column) || same(table->organization_column, column) ||
           same("user_id", column) || same("organization_id", column) || same("email", column);
}

static const char *const common_columns[] = { "data", "created_at", "updated_at", "event_at",
                                              "deleted_at" };
enum { COMMON_COUNT = sizeof(common_columns) / sizeof(common_columns[0]) };

/* Column i of those that an upsert sets, the catalog's first. */
static const char *set_column(const struct catalog_table *table, size_t i)
{
    return i < table->column_count ? table->columns[i].name
                                   : common_columns[i - table->column_count];
}

size_t sql_columns(const struct catalog_table *table, struct sql_column ret_columns[])
{
    size_t count = 0, set = table->column_count + COMMON_COUNT;
    assert(set + 2 <= SQL_COLUMNS_MAX);
    ret_columns[count++] = (struct sql_column){ "id", SQL_INTEGER };
    ret_columns[count++] = (struct sql_column){ "clerk_id", SQL_TEXT };
    for (size_t i = 0; i < set; i++) {
        /* of the common columns only the first, data, is a text */
        enum sql_type common = i == table->column_count ? SQL_TEXT : SQL_INTEGER;
        enum sql_type type = i < table->column_count ? type_of(table->columns[i].kind) : common;
        ret_columns[count++] = (struct sql_column){ set_column(table, i), type };
    }
    return count;
}

const char *sql_array_type(enum sql_type type)
{
    static const char *const names[] = {
        [SQL_TEXT] = "TEXT[]",
        [SQL_INTEGER] = "BIGINT[]",
        [SQL_BYTES] = "BYTEA[]",
    };
    return names[type];
}

/* Of a row, or of as many as each of the arrays has elements. */
static void insert(struct buf *out, const struct words *w, const struct catalog_table *table,
                   bool of_arrays)
{
    struct sql_column columns[SQL_COLUMNS_MAX];
    size_t count = sql_columns(table, columns); /* the id, which the database gives, and the rest */
    buf_printf(out, "INSERT INTO %s (", table->name);
    for (size_t i = 1; i < count; i++)
        buf_printf(out, "%s%s", i > 1 ? ", " : "", columns[i].name);
    buf_append(out, of_arrays ? SLICE(") SELECT ") : SLICE(") VALUES ("));
    for (size_t i = 1; i < count; i++) {
        buf_append(out, i > 1 ? SLICE(", ") : SLICE(""));
        buf_printf(out, of_arrays ? "unnest(%c%zu" : "%c%zu", w->parameter, i);
        if (of_arrays)
            buf_printf(out, "::%s)", sql_array_type(columns[i].type));
    }
    buf_append(out, of_arrays ? SLICE("") : SLICE(")"));
}

/* Under the ordering guard. in_place: no indexed column is set, nor may it differ. */
static void update_on_conflict(struct buf *out, const struct catalog_table *table, bool in_place)
{
    size_t count = table->column_count + COMMON_COUNT;
    const char *separator = "";
    buf_printf(out, " ON CONFLICT (clerk_id) DO UPDATE SET ");
    for (size_t i = 0; i < count; i++) {
        const char *column = set_column(table, i);
        if (in_place && sql_is_indexed(table, column))
            continue;
        buf_printf(out, "%s%s = excluded.%s", separator, column, column);
        separator = ", ";
    }
    if (table->is_child)
        buf_printf(out, " WHERE excluded.event_at >= %s.event_at", table->name);
    else
        buf_printf(out,
                   " WHERE (excluded.event_at, COALESCE(excluded.updated_at, 0)) >= "
                   "(%s.event_at, COALESCE(%s.updated_at, 0))",
                   table->name, table->name);
    for (size_t i = 0; in_place && i < count; i++)
        if (sql_is_indexed(table, set_column(table, i)))
            buf_printf(out, " AND %s.%s IS NOT DISTINCT FROM excluded.%s", table->name,
                       set_column(table, i), set_column(table, i));
}

/* The plus keeps SQLite from looking a row up by clerk_id. OR FAIL: it is one row at most, but
 * SQLite does not know that and would first copy the page, to undo half of an update. Parameter
 * count is event_at. */
static void update_of_parent(struct buf *out, const struct words *w,
                             const struct catalog_table *table)
{
    size_t parent = catalog_column_index(table, table->user_column);
    size_t count = table->column_count + COMMON_COUNT;
    const char *separator = "";
    buf_printf(out, "UPDATE OR FAIL %s SET ", table->name);
    for (size_t i = 0; i < count; i++) {
        if (i == parent)
            continue;
        buf_printf(out, "%s%s = %c%zu", separator, set_column(table, i), w->parameter, i + 2);
        separator = ", ";
    }
    buf_printf(out, " WHERE %s = %c%zu AND +clerk_id = %c1 AND event_at <= %c%zu",
               table->user_column, w->parameter, parent + 2, w->parameter, w->parameter, count);
}

static void delete_by(struct buf *out, const struct words *w, const char *table, const char *column)
{
    buf_printf(out, "DELETE FROM %s WHERE %s = %c1", table, column, w->parameter);
}

static void mark_by(struct buf *out, const struct words *w, const char *table, const char *column)
{
    buf_printf(out,
               "UPDATE %s SET deleted_at = %c2 WHERE %s = %c1 AND "
               "(deleted_at IS NULL OR deleted_at > %c2)",
               table, w->parameter, column, w->parameter, w->parameter);
}

static void trim(struct buf *out, const struct words *w, const struct catalog_table *table,
                 bool to_many)
{
    delete_by(out, w, table->name, table->user_column);
    if (to_many)
        buf_printf(out, " AND clerk_id %s", w->not_in_array);
    else
        buf_printf(out, " AND clerk_id <> %c2", w->parameter);
}

typedef void by_column_fn(struct buf *, const struct words *, const char *, const char *);

static void by_column(struct buf *out, const struct words *w, const struct catalog_table *table,
                      by_column_fn *make, const char *column)
{
    if (column)
        make(out, w, table->name, column);
}

void sql_of_table(struct buf *out, enum sql_dialect dialect, const struct catalog_table *table,
                  enum sql_of_table which)
{
    const struct words *w = &dialects[dialect];
    switch (which) {
    case SQL_UPSERT:
    case SQL_UPSERT_MANY:
    case SQL_UPSERT_IN_PLACE:
        insert(out, w, table, which == SQL_UPSERT_MANY);
        update_on_conflict(out, table, which == SQL_UPSERT_IN_PLACE);
        break;
    case SQL_DELETE_ROW:
        by_column(out, w, table, delete_by, "clerk_id");
        break;
    case SQL_DELETE_OF_USER:
        by_column(out, w, table, delete_by, table->user_column);
        break;
    case SQL_DELETE_OF_ORGANIZATION:
        by_column(out, w, table, delete_by, table->organization_column);
        break;
    case SQL_MARK_ROW:
        by_column(out, w, table, mark_by, "clerk_id");
        break;
    case SQL_MARK_OF_USER:
        by_column(out, w, table, mark_by, table->user_column);
        break;
    case SQL_MARK_OF_ORGANIZATION:
        by_column(out, w, table, mark_by, table->organization_column);
        break;
    case SQL_UPDATE_OF_PARENT:
        if (table->is_child)
            update_of_parent(out, w, table);
        break;
    case SQL_TRIM_TO_ONE:
    case SQL_TRIM_TO_MANY:
        if (table->is_child)
            trim(out, w, table, which == SQL_TRIM_TO_MANY);
        break;
    case SQL_OF_TABLE_COUNT:
        break;
    }
}
