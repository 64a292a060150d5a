#include "worker/store_postgres_copy_rows.h"

#include <stdint.h>

#include "worker/store_postgres_copy.h"
#include "worker/store_postgres_parts.h"

/* Rows travel as arrays, one for each column: a statement for a portion, and nothing is prepared.
 */

enum {
    SQL_MAX_BYTES = 8192,
    OID_BYTEA = 17,
    OID_LAST_BYTE = 11, /* in the head of an array: behind two numbers, the highest byte first */
    CELL_BYTES = 12,    /* a length, and a number */
    HEAD_BYTES = 20,
    COUNT_STRIDE = 100000,
};

static void append_column(struct buf *out, const struct move_portion *portion, size_t column)
{
    enum sql_type type = portion->table->columns[column].type;
    size_t head = out->len;
    pg_array_begin(out, type == SQL_INTEGER, portion->row_count);
    if (type == SQL_BYTES && buf_status(out) == STATUS_OK)
        out->ptr[head + OID_LAST_BYTE] = OID_BYTEA;
    for (size_t i = 0; i < portion->row_count; i++)
        pg_array_value(out, type == SQL_INTEGER, &move_portion_row(portion, i)[column]);
}

static struct buf buf_for(const struct move_portion *portion)
{
    size_t columns = portion->table->column_count;
    return buf_make(portion->bytes + columns * (HEAD_BYTES + portion->row_count * CELL_BYTES));
}

static enum status fill_columns(struct store_postgres *store, struct pg_call *c, struct buf *bytes,
                                const struct move_portion *portion)
{
    size_t ends[SQL_COLUMNS_MAX + 1] = { 0 };
    for (size_t i = 0; i < portion->table->column_count; i++) {
        append_column(bytes, portion, i);
        ends[i + 1] = bytes->len;
    }
    if (buf_status(bytes) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    for (size_t i = 0; i < portion->table->column_count; i++)
        pg_text(c, (struct slice){ bytes->ptr + ends[i], ends[i + 1] - ends[i] });
    return STATUS_OK;
}

enum status pg_copy_insert(struct store_postgres *store, const struct move_portion *portion)
{
    const struct move_table *table = portion->table;
    struct buf sql = buf_make(SQL_MAX_BYTES), bytes = buf_for(portion);
    buf_printf(&sql, "INSERT INTO %s (", table->name);
    move_table_list(table, &sql);
    buf_printf(&sql, ") SELECT * FROM unnest(");
    for (size_t i = 0; i < table->column_count; i++)
        buf_printf(&sql, "%s$%zu::%s", i ? ", " : "", i + 1,
                   sql_array_type(table->columns[i].type));
    buf_printf(&sql, ") ON CONFLICT DO NOTHING");
    struct pg_call c = pg_call_once(store, buf_text(&sql));
    enum status st = buf_status(&sql) == STATUS_OK
                         ? fill_columns(store, &c, &bytes, portion)
                         : pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    if (st == STATUS_OK)
        st = pg_send(&c, NULL, 0);
    buf_release(&bytes);
    buf_release(&sql);
    return st;
}

/* --- reading --- */

static struct value value_at(const struct pg_result *answer, size_t row, size_t column,
                             enum sql_type type)
{
    if (pg_is_null(answer, row, (int)column))
        return (struct value){ .kind = VALUE_NULL };
    if (type == SQL_INTEGER)
        return (struct value){ .kind = VALUE_INT, .number = pg_number(answer, row, (int)column) };
    return (struct value){ .kind = VALUE_TEXT, .text = pg_slice(answer, row, (int)column) };
}

static enum status take_answer(struct store_postgres *store, struct move_portion *portion)
{
    const struct move_table *table = portion->table;
    for (size_t i = 0; i < pg_rows(store->kept); i++) {
        for (size_t c = 0; c < table->column_count; c++) {
            struct value value = value_at(store->kept, i, c, table->columns[c].type);
            if (move_portion_set(portion, c, value) != STATUS_OK)
                return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
        }
        portion->row_count++;
    }
    return STATUS_OK;
}

static enum status ask_for_keys(struct store_postgres *store, const struct move_portion *keys)
{
    const struct sql_column *key = &keys->table->columns[0];
    struct buf sql = buf_make(SQL_MAX_BYTES), bytes = buf_for(keys);
    buf_printf(&sql, "SELECT ");
    move_table_list(keys->table, &sql);
    buf_printf(&sql, " FROM %s WHERE %s = ANY ($1::%s) ORDER BY %s%s", keys->table->name, key->name,
               sql_array_type(key->type), key->name, key->type == SQL_TEXT ? " COLLATE \"C\"" : "");
    append_column(&bytes, keys, 0);
    struct pg_call c = pg_call_once(store, buf_text(&sql));
    pg_text(&c, buf_slice(&bytes));
    bool is_whole = buf_status(&sql) == STATUS_OK && buf_status(&bytes) == STATUS_OK;
    enum status st = is_whole ? pg_ask(&c) : pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    buf_release(&bytes);
    buf_release(&sql);
    return st;
}

/* A key is found once: there are never more rows than keys. */
enum status store_postgres_copy_read(struct store *base, const struct move_portion *keys,
                                     struct move_portion *ret_portion)
{
    struct store_postgres *store = store_postgres_of(base);
    struct move_portion portion = { 0 };
    enum status st = ask_for_keys(store, keys);
    if (st == STATUS_OK && move_portion_begin(keys->table, &portion) != STATUS_OK)
        st = pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    if (st == STATUS_OK)
        st = take_answer(store, &portion);
    if (st == STATUS_OK)
        *ret_portion = portion;
    else
        move_portion_release(&portion);
    return st;
}

/* --- counting --- */

/* The rows behind *last, COUNT_STRIDE at most, and the key of the last one; in the order that the
 * index has. */
static enum status count_stride(struct store_postgres *store, const struct move_table *table,
                                struct move_key *last, int64_t *ret_rows)
{
    const struct sql_column *key = &table->columns[0];
    struct buf sql = buf_make(SQL_MAX_BYTES);
    buf_printf(&sql, "SELECT count(*), max(k) FROM (SELECT %s AS k FROM %s ", key->name,
               table->name);
    if (last->is_set)
        buf_printf(&sql, "WHERE %s > $1 ", key->name);
    buf_printf(&sql, "ORDER BY %s LIMIT %d) AS t", key->name, COUNT_STRIDE);
    struct pg_call c = pg_call_once(store, buf_text(&sql));
    if (last->is_set)
        pg_value(&c, &last->value);
    enum status st = buf_status(&sql) == STATUS_OK
                         ? pg_ask(&c)
                         : pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    buf_release(&sql);
    if (st != STATUS_OK)
        return st;
    *ret_rows = pg_number(store->kept, 0, 0);
    if (*ret_rows > 0 && move_key_set(last, value_at(store->kept, 0, 1, key->type)) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    return STATUS_OK;
}

enum status store_postgres_copy_count(struct store *base, const struct move_table *table,
                                      int64_t *ret_rows)
{
    struct store_postgres *store = store_postgres_of(base);
    struct move_key last = { 0 };
    int64_t rows = 0, stride = COUNT_STRIDE;
    enum status st = pg_connect(store);
    while (st == STATUS_OK && stride == COUNT_STRIDE) {
        st = count_stride(store, table, &last, &stride);
        if (st == STATUS_OK)
            rows += stride;
    }
    move_key_release(&last);
    if (st == STATUS_OK)
        *ret_rows = rows;
    return st;
}
