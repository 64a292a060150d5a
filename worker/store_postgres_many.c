#include "worker/store_postgres_parts.h"

/* Of data; more rows of long objects than that are copied here and in libpq for nothing. */
enum { MANY_BYTES = 256 * 1024 };

/* --- the parameters of an upsert --- */

/* As SQLite's strict tables: a text that is a number is one. In binary form PostgreSQL would take
 * any eight letters for a number. */
static enum status catalog_value(struct store_postgres *store, const struct row *row, size_t i,
                                 struct value *ret_value)
{
    struct value value = row->values[i];
    const struct catalog_column *column = &row->table->columns[i];
    bool is_text = value.kind == VALUE_TEXT;
    bool is_number = catalog_is_number(column->kind);
    if (is_number && is_text && slice_to_i64(value.text, INT64_MIN, INT64_MAX, &value.number))
        value.kind = VALUE_INT;
    if (value.kind != VALUE_NULL && (value.kind == VALUE_INT) != is_number)
        return pg_because(store, STATUS_BAD_DATA, "another kind of value for %s.%s",
                          row->table->name, column->name);
    *ret_value = value;
    return STATUS_OK;
}

static size_t parameter_count(const struct catalog_table *table)
{
    struct sql_column columns[SQL_COLUMNS_MAX];
    return sql_columns(table, columns) - 1; /* not the id, which the database gives */
}

static enum status parameter(struct store_postgres *store, const struct pg_upsert *upsert, size_t i,
                             struct value *ret_value)
{
    const struct row *row = upsert->row;
    size_t columns = row->table->column_count;
    if (i > 0 && i <= columns)
        return catalog_value(store, row, i - 1, ret_value);
    if (i == 0)
        *ret_value = (struct value){ .kind = VALUE_TEXT, .text = row->clerk_id };
    else if (i == columns + 1)
        *ret_value = (struct value){ .kind = VALUE_TEXT, .text = row->data };
    else if (i == columns + 2)
        *ret_value = row->created_at;
    else if (i == columns + 3)
        *ret_value = row->updated_at;
    else if (i == columns + 4)
        *ret_value = (struct value){ .kind = VALUE_INT, .number = row->event_at };
    else
        *ret_value = upsert->deleted_at;
    return STATUS_OK;
}

void pg_upsert_fill(struct pg_call *c, const struct pg_upsert *upsert)
{
    size_t count = parameter_count(upsert->row->table);
    for (size_t i = 0; c->status == STATUS_OK && i < count; i++) {
        struct value value = { 0 };
        c->status = parameter(c->store, upsert, i, &value);
        pg_value(c, &value);
    }
}

/* --- many of them --- */

static enum status append_array(struct store_postgres *store, size_t i, bool is_numbers)
{
    const struct pg_many *many = &store->plan.many;
    enum status st = STATUS_OK;
    pg_array_begin(&store->text, is_numbers, many->count);
    for (size_t k = 0; st == STATUS_OK && k < many->count; k++) {
        struct value value = { 0 };
        st = parameter(store, &many->upserts[k], i, &value);
        pg_array_value(&store->text, is_numbers, &value);
    }
    return st;
}

/* One array for each parameter, all in store->text. */
static enum status fill_arrays(struct pg_call *c, const struct catalog_table *table)
{
    struct store_postgres *store = c->store;
    struct sql_column columns[SQL_COLUMNS_MAX];
    size_t count = sql_columns(table, columns), ends[SQL_COLUMNS_MAX] = { 0 };
    enum status st = STATUS_OK;
    buf_clear(&store->text);
    for (size_t i = 1; st == STATUS_OK && i < count; i++) {
        st = append_array(store, i - 1, columns[i].type == SQL_INTEGER);
        ends[i] = store->text.len;
    }
    if (st == STATUS_OK && buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    for (size_t i = 1; st == STATUS_OK && i < count; i++)
        pg_text(c, (struct slice){ store->text.ptr + ends[i - 1], ends[i] - ends[i - 1] });
    return st;
}

static enum status send_arrays(struct store_postgres *store, const struct pg_many *many)
{
    const struct catalog_table *table = many->upserts[0].row->table;
    struct pg_call c = pg_call_of_table(store, table, SQL_UPSERT_MANY);
    if (c.status == STATUS_OK)
        c.status = fill_arrays(&c, table);
    return pg_send(&c, many->fn, many->place);
}

static enum status send_one(struct store_postgres *store, const struct pg_many *many)
{
    struct pg_call c = pg_call_of_table(store, many->upserts[0].row->table, SQL_UPSERT);
    pg_upsert_fill(&c, &many->upserts[0]);
    return pg_send(&c, many->fn, many->place);
}

enum status pg_many_send(struct store_postgres *store)
{
    struct pg_many *many = &store->plan.many;
    enum status st = STATUS_OK;
    if (many->count > 1)
        st = send_arrays(store, many);
    else if (many->count == 1)
        st = send_one(store, many);
    many->count = 0;
    many->data_bytes = 0;
    return st;
}

/* Whether row may go with those that are there: one statement may not write a row twice. */
static bool fits(const struct pg_many *many, const struct row *row)
{
    bool has_room = many->count < PG_MANY_MAX && many->data_bytes + row->data.len <= MANY_BYTES;
    if (!has_room || many->upserts[0].row->table != row->table)
        return false;
    for (size_t i = 0; i < many->count; i++)
        if (slice_equals(many->upserts[i].row->clerk_id, row->clerk_id))
            return false;
    return true;
}

enum status pg_many_add(struct store_postgres *store, const struct pg_upsert *upsert,
                        pg_answer_fn *fn, size_t place)
{
    struct pg_many *many = &store->plan.many;
    enum status st = STATUS_OK;
    if (many->count > 0 && !fits(many, upsert->row))
        st = pg_many_send(store);
    if (many->count == 0) {
        many->fn = fn;
        many->place = place;
    }
    many->upserts[many->count++] = *upsert;
    many->data_bytes += upsert->row->data.len;
    return st;
}
