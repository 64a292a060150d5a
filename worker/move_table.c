#include "worker/move_table.h"

#include <inttypes.h>
#include <stdlib.h>

#include "worker/arena.h"

enum { ARENA_FIRST_BYTES = 64 * 1024 };

size_t move_table_count(void)
{
    return catalog_table_count + sql_own_table_count;
}

struct move_table move_table_at(size_t i)
{
    struct move_table table = { .mark = "id" };
    if (i < catalog_table_count) {
        table.name = catalog_tables[i]->name;
        table.column_count = sql_columns(catalog_tables[i], table.columns);
        return table;
    }
    i -= catalog_table_count;
    table.name = sql_own_table_name(i);
    table.column_count = sql_own_columns(i, table.columns);
    for (size_t c = 0; c < table.column_count; c++)
        if (table.columns[c].type == SQL_INTEGER)
            table.mark = table.columns[c].name; /* the last one: the latest moment */
    return table;
}

void move_table_list(const struct move_table *table, struct buf *out)
{
    for (size_t i = 0; i < table->column_count; i++)
        buf_printf(out, "%s%s", i ? ", " : "", table->columns[i].name);
}

/* --- portions --- */

enum status move_portion_begin(const struct move_table *table, struct move_portion *ret_portion)
{
    struct move_portion portion = { .table = table, .arena = arena_new(ARENA_FIRST_BYTES) };
    if (!portion.arena)
        return STATUS_NO_MEMORY;
    portion.values = arena_take_array(portion.arena, MOVE_ROWS_MAX * table->column_count,
                                      sizeof(*portion.values));
    if (!portion.values) {
        move_portion_release(&portion);
        return STATUS_NO_MEMORY;
    }
    *ret_portion = portion;
    return STATUS_OK;
}

void move_portion_release(struct move_portion *portion)
{
    arena_free(portion->arena);
    *portion = (struct move_portion){ 0 };
}

struct value *move_portion_row(const struct move_portion *portion, size_t row)
{
    return portion->values + row * portion->table->column_count;
}

bool move_portion_is_full(const struct move_portion *portion)
{
    return portion->row_count == MOVE_ROWS_MAX || portion->bytes >= MOVE_BYTES_MAX;
}

enum status move_portion_set(struct move_portion *portion, size_t column, struct value value)
{
    if (value.kind == VALUE_TEXT) {
        value.text = arena_copy(portion->arena, value.text);
        if (!value.text.ptr)
            return STATUS_NO_MEMORY;
        portion->bytes += value.text.len;
    }
    move_portion_row(portion, portion->row_count)[column] = value;
    return STATUS_OK;
}

/* --- keys --- */

enum status move_key_set(struct move_key *key, struct value value)
{
    char *text = value.kind == VALUE_TEXT ? slice_dup(value.text) : NULL;
    if (value.kind == VALUE_TEXT && !text)
        return STATUS_NO_MEMORY;
    value.text.ptr = text;
    move_key_release(key);
    *key = (struct move_key){ true, value, text };
    return STATUS_OK;
}

void move_key_release(struct move_key *key)
{
    free(key->text);
    *key = (struct move_key){ 0 };
}

void move_key_print(const struct value *key, struct buf *out)
{
    if (key->kind == VALUE_INT)
        buf_printf(out, "%" PRId64, key->number);
    else
        buf_append(out, key->text);
}

bool move_key_read(const struct move_table *table, struct slice text, struct value *ret_key)
{
    struct value key = { .kind = VALUE_TEXT, .text = text };
    if (table->columns[0].type == SQL_INTEGER) {
        key = (struct value){ .kind = VALUE_INT };
        if (!slice_to_i64(text, INT64_MIN, INT64_MAX, &key.number))
            return false;
    }
    *ret_key = key;
    return true;
}

int move_key_compare(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_TEXT)
        return slice_compare(a->text, b->text);
    return a->number < b->number ? -1 : a->number > b->number;
}

/* --- sums --- */

static const uint64_t fnv_start = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;

static uint64_t add_bytes(uint64_t sum, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        sum = (sum ^ (unsigned char)bytes.ptr[i]) * fnv_prime;
    return sum;
}

static uint64_t add_number(uint64_t sum, uint64_t number)
{
    for (int shift = 0; shift < 64; shift += 8)
        sum = (sum ^ (number >> shift & 0xff)) * fnv_prime;
    return sum;
}

uint64_t move_sum_of_row(const struct move_table *table, const struct value *row)
{
    uint64_t sum = fnv_start;
    for (size_t i = 0; i < table->column_count; i++) {
        sum = add_number(sum, row[i].kind);
        if (row[i].kind == VALUE_INT)
            sum = add_number(sum, (uint64_t)row[i].number);
        if (row[i].kind == VALUE_TEXT)
            sum = add_bytes(add_number(sum, row[i].text.len), row[i].text);
    }
    return sum;
}

uint64_t move_sum_begin(void)
{
    return fnv_start;
}

uint64_t move_sum_add(uint64_t sum, uint64_t row)
{
    return add_number(sum, row);
}
