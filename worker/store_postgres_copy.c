#include "worker/store_postgres_copy.h"

#include <stdio.h>

#include "common/fault.h"
#include "worker/store_postgres_copy_rows.h"
#include "worker/store_postgres_parts.h"

enum { SQL_MAX_BYTES = 1024, NUMBER_BYTES = 24 };

static enum status no_memory(struct store_postgres *store)
{
    return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
}

static enum status send_once(struct store_postgres *store, const char *sql)
{
    struct pg_call c = pg_call_once(store, sql);
    return pg_send(&c, NULL, 0);
}

/* --- clerk_copy --- */

enum status store_postgres_copy_is_begun(struct store *base, bool *ret_is_begun)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(
        store, "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = "
               "c.relnamespace WHERE c.relname = 'clerk_copy' AND n.nspname = current_schema())");
    st = pg_ask(&c);
    if (st == STATUS_OK)
        *ret_is_begun = pg_number(store->kept, 0, 0) != 0;
    return st;
}

static enum status send_place(struct store_postgres *store, const char *name,
                              const struct copy_place *place)
{
    struct pg_call c = pg_call_once(
        store, "INSERT INTO clerk_copy (table_name, source_rows, source_mark, copied) "
               "VALUES ($1::text, $2::bigint, $3::bigint, 0)");
    pg_text(&c, slice_of(name));
    pg_int(&c, place->source_rows);
    pg_int(&c, place->source_mark);
    return pg_send(&c, NULL, 0);
}

/* Commits when st is STATUS_OK, rolls back otherwise. */
static enum status end(struct store *base, enum status st)
{
    if (st == STATUS_OK)
        st = store_postgres_commit(base);
    if (st != STATUS_OK)
        store_postgres_rollback(base);
    return st;
}

/* A transaction that no worker's runs beside. */
static enum status begin(struct store_postgres *store)
{
    enum status st = store_postgres_begin(&store->base);
    return st == STATUS_OK ? pg_take_turn(store, false) : st;
}

enum status store_postgres_copy_begin(struct store *base, const struct copy_place *places)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = begin(store);
    if (st == STATUS_OK)
        st = send_once(store, "CREATE TABLE clerk_copy (table_name TEXT NOT NULL PRIMARY KEY, "
                              "source_rows BIGINT NOT NULL, source_mark BIGINT NOT NULL, "
                              "copied BIGINT NOT NULL, last_key TEXT)");
    for (size_t i = 0; st == STATUS_OK && i < move_table_count(); i++)
        st = send_place(store, move_table_at(i).name, &places[i]);
    return end(base, st);
}

enum status store_postgres_copy_place(struct store *base, const struct move_table *table,
                                      struct copy_place *ret_place)
{
    struct store_postgres *store = store_postgres_of(base);
    struct value key;
    struct pg_call c = pg_call_once(store, "SELECT source_rows, source_mark, copied, last_key FROM "
                                           "clerk_copy WHERE table_name = $1::text");
    pg_text(&c, slice_of(table->name));
    enum status st = pg_ask(&c);
    if (st == STATUS_OK && pg_rows(store->kept) == 0)
        return pg_because(store, STATUS_NOT_FOUND, "the copy that was begun here has no table %s",
                          table->name);
    if (st != STATUS_OK)
        return st;
    struct copy_place place = { .source_rows = pg_number(store->kept, 0, 0),
                                .source_mark = pg_number(store->kept, 0, 1),
                                .copied = pg_number(store->kept, 0, 2) };
    if (!pg_is_null(store->kept, 0, 3)) {
        if (!move_key_read(table, pg_slice(store->kept, 0, 3), &key))
            return pg_because(store, STATUS_FATAL, "clerk_copy was changed by hand");
        if (move_key_set(&place.last, key) != STATUS_OK)
            return no_memory(store);
    }
    *ret_place = place;
    return STATUS_OK;
}

/* New rows come behind the copied ones, and behind those that a sequence has handed out already. */
static enum status send_sequence(struct store_postgres *store, const char *table)
{
    struct buf sql = buf_make(SQL_MAX_BYTES);
    buf_printf(&sql,
               "SELECT setval(s, m) FROM (SELECT pg_get_serial_sequence('%s', 'id')::regclass AS "
               "s, max(id) AS m FROM %s) AS t WHERE m > coalesce(pg_sequence_last_value(s), 0)",
               table, table);
    enum status st = buf_status(&sql) == STATUS_OK ? send_once(store, buf_text(&sql))
                                                   : no_memory(store);
    buf_release(&sql);
    return st;
}

enum status store_postgres_copy_end(struct store *base)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = begin(store);
    for (size_t i = 0; st == STATUS_OK && i < catalog_table_count; i++)
        st = send_sequence(store, catalog_tables[i]->name);
    if (st == STATUS_OK)
        st = send_once(store, "DROP TABLE clerk_copy");
    return end(base, st);
}

/* --- rows --- */

static bool is_text(struct slice text)
{
    return pg_clean_type(text).len == text.len;
}

/* The type of an event may be anybody's bytes; the tables of our own have it. */
static bool is_event_type(const struct move_table *table, size_t column)
{
    return table->columns[0].type == SQL_TEXT &&
           slice_equals(slice_of(table->columns[column].name), SLICE("type"));
}

/* Puts the row before what is wrong with it. */
static void name_row(const struct move_portion *portion, size_t row, const char *fault,
                     char ret_why[STORE_ERROR_MAX])
{
    struct buf key = buf_make(portion->bytes + NUMBER_BYTES);
    move_key_print(move_portion_row(portion, row), &key);
    snprintf(ret_why, STORE_ERROR_MAX, "%s: mend or remove the row %.80s at the source: %.160s",
             portion->table->name, buf_text(&key), fault);
    buf_release(&key);
}

/* The first column whose value cannot be stored; NULL: none. */
static const char *clean_row(const struct move_table *table, struct value *row)
{
    for (size_t i = 0; i < table->column_count; i++) {
        bool must_be_text = table->columns[i].type == SQL_TEXT && row[i].kind == VALUE_TEXT;
        if (!must_be_text || is_text(row[i].text))
            continue;
        if (!is_event_type(table, i))
            return table->columns[i].name;
        row[i] = (struct value){ .kind = VALUE_NULL };
    }
    return NULL;
}

enum status store_postgres_copy_clean(struct move_portion *portion, char ret_why[STORE_ERROR_MAX])
{
    char fault[STORE_ERROR_MAX];
    for (size_t i = 0; i < portion->row_count; i++) {
        const char *column = clean_row(portion->table, move_portion_row(portion, i));
        if (!column)
            continue;
        snprintf(fault, sizeof(fault), "%s holds bytes that are no text for PostgreSQL", column);
        name_row(portion, i, fault, ret_why);
        return STATUS_BAD_DATA;
    }
    return STATUS_OK;
}

/* Where the copy has come to with these rows. */
static enum status send_progress(struct store_postgres *store, const struct move_portion *portion,
                                 int64_t copied)
{
    struct buf key = buf_make(portion->bytes + NUMBER_BYTES);
    move_key_print(move_portion_row(portion, portion->row_count - 1), &key);
    struct pg_call c = pg_call_once(store, "UPDATE clerk_copy SET copied = $1::bigint, last_key = "
                                           "$2::text WHERE table_name = $3::text");
    pg_int(&c, copied);
    pg_text(&c, buf_slice(&key));
    pg_text(&c, slice_of(portion->table->name));
    enum status st = buf_status(&key) == STATUS_OK ? pg_send(&c, NULL, 0) : no_memory(store);
    buf_release(&key);
    return st;
}

/* The rows one by one, each undone again, for the one that is refused. */
static enum status find_refused(struct store_postgres *store, const struct move_portion *portion)
{
    char why[STORE_ERROR_MAX];
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < portion->row_count; i++) {
        struct move_portion one = *portion;
        one.values = move_portion_row(portion, i);
        one.row_count = 1;
        st = begin(store);
        if (st == STATUS_OK)
            st = pg_copy_insert(store, &one);
        if (st == STATUS_OK)
            st = pg_settle_all(store);
        store_postgres_rollback(&store->base);
        if (st != STATUS_BAD_DATA)
            continue;
        name_row(portion, i, store->base.why, why);
        return pg_because(store, st, "%s", why);
    }
    return st == STATUS_OK ? pg_because(store, STATUS_UNAVAILABLE, "refused once, then no more")
                           : st;
}

enum status store_postgres_copy_write(struct store *base, const struct move_portion *portion,
                                      int64_t copied)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = begin(store);
    if (st == STATUS_OK)
        st = pg_copy_insert(store, portion);
    if (st == STATUS_OK)
        st = send_progress(store, portion, copied);
    if (st == STATUS_OK)
        st = pg_settle_all(store);
    FAULT_POINT("before_copied", slice_of(portion->table->name));
    st = end(base, st);
    FAULT_POINT("after_copied", slice_of(portion->table->name));
    return st == STATUS_BAD_DATA ? find_refused(store, portion) : st;
}
