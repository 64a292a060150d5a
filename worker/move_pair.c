#include "worker/move_pair.h"

#include <stdio.h>

#include "common/clock.h"
#include "worker/store_postgres_copy.h"
#include "worker/store_sqlite_copy.h"

enum status move_pair_from(struct move_pair *pair, enum status st)
{
    if (st != STATUS_OK)
        snprintf(pair->why, sizeof(pair->why), "SQLite: %s", store_why(pair->from));
    return st;
}

enum status move_pair_to(struct move_pair *pair, enum status st)
{
    if (st != STATUS_OK)
        snprintf(pair->why, sizeof(pair->why), "PostgreSQL: %s", store_why(pair->to));
    return st;
}

static enum status no_memory(struct move_pair *pair)
{
    snprintf(pair->why, sizeof(pair->why), "out of memory");
    return STATUS_NO_MEMORY;
}

static enum status finish(struct move_pair *pair, struct move_key *key,
                          struct move_portion *portion)
{
    char why[STORE_ERROR_MAX];
    if (portion->row_count == 0)
        return STATUS_OK;
    enum status st = store_postgres_copy_clean(portion, why);
    if (st != STATUS_OK) {
        snprintf(pair->why, sizeof(pair->why), "%s", why);
        return st;
    }
    st = move_key_set(key, *move_portion_row(portion, portion->row_count - 1));
    return st == STATUS_OK ? st : no_memory(pair);
}

enum status move_pair_next(struct move_pair *pair, const struct move_table *table,
                           struct move_key *key, struct move_portion *ret_portion)
{
    struct move_portion portion = { 0 };
    enum status st = move_pair_from(pair, store_sqlite_copy_read(pair->from, table, key, &portion));
    if (st == STATUS_OK)
        st = finish(pair, key, &portion);
    if (st == STATUS_OK)
        *ret_portion = portion;
    else
        move_portion_release(&portion);
    return st;
}

enum status move_pair_read(struct move_pair *pair, const struct move_table *table, int64_t rows,
                           int64_t *ret_bytes)
{
    struct move_key key = { 0 };
    int64_t read = 0, bytes = 0, count = 1;
    enum status st = STATUS_OK;
    while (st == STATUS_OK && count > 0) {
        struct move_portion portion = { 0 };
        st = move_pair_next(pair, table, &key, &portion);
        count = (int64_t)portion.row_count;
        read += count;
        bytes += (int64_t)portion.bytes;
        move_portion_release(&portion);
        if (st == STATUS_OK && count > 0)
            move_report_step(&pair->report, "read", table->name, count, read, rows,
                             clock_system.mono_ms());
    }
    move_key_release(&key);
    if (st == STATUS_OK)
        *ret_bytes = bytes;
    return st;
}

/* --- comparing --- */

static void note_first(struct move_comparison *c, const struct value *key)
{
    if (c->missing + c->different != 1)
        return;
    struct buf text = buf_make(MOVE_KEY_SHOWN_MAX);
    move_key_print(key, &text);
    snprintf(c->first, sizeof(c->first), "%s",
             buf_status(&text) == STATUS_OK ? buf_text(&text) : "with a long key");
    buf_release(&text);
}

static void compare_rows(const struct move_table *table, const struct value *here,
                         const struct value *there, struct move_comparison *c)
{
    uint64_t sum = move_sum_of_row(table, here);
    bool is_there = there && move_key_compare(here, there) == 0;
    uint64_t other = is_there ? move_sum_of_row(table, there) : 0;
    c->rows++;
    c->sum_from = move_sum_add(c->sum_from, sum);
    if (is_there)
        c->sum_to = move_sum_add(c->sum_to, other);
    if (is_there && sum == other)
        return;
    *(is_there ? &c->different : &c->missing) += 1;
    note_first(c, here);
}

/* there has rows of here's keys alone, in the same order. */
static void compare_portions(const struct move_portion *here, const struct move_portion *there,
                             struct move_comparison *c)
{
    size_t at = 0;
    for (size_t i = 0; i < here->row_count; i++) {
        const struct value *row = move_portion_row(here, i);
        const struct value *other = at < there->row_count ? move_portion_row(there, at) : NULL;
        compare_rows(here->table, row, other, c);
        at += other && move_key_compare(row, other) == 0;
    }
}

static enum status compare_next(struct move_pair *pair, const struct move_table *table,
                                struct move_key *key, struct move_comparison *c, bool *ret_is_end)
{
    struct move_portion here = { 0 }, there = { 0 };
    enum status st = move_pair_next(pair, table, key, &here);
    if (st == STATUS_OK && here.row_count > 0)
        st = move_pair_to(pair, store_postgres_copy_read(pair->to, &here, &there));
    if (st == STATUS_OK && here.row_count > 0)
        compare_portions(&here, &there, c);
    *ret_is_end = here.row_count == 0;
    move_portion_release(&here);
    move_portion_release(&there);
    return st;
}

enum status move_pair_compare(struct move_pair *pair, const struct move_table *table, int64_t rows,
                              struct move_comparison *ret_comparison)
{
    struct move_comparison c = { .sum_from = move_sum_begin(), .sum_to = move_sum_begin() };
    struct move_key key = { 0 };
    bool is_end = false;
    int64_t there = 0;
    enum status st = move_pair_to(pair, store_postgres_copy_count(pair->to, table, &there));
    while (st == STATUS_OK && !is_end) {
        int64_t before = c.rows;
        st = compare_next(pair, table, &key, &c, &is_end);
        if (st == STATUS_OK && !is_end)
            move_report_step(&pair->report, "compared", table->name, c.rows - before, c.rows, rows,
                             clock_system.mono_ms());
    }
    move_key_release(&key);
    c.foreign = there - (c.rows - c.missing);
    if (st == STATUS_OK)
        *ret_comparison = c;
    return st;
}
