#include <assert.h>
#include <libpq-fe.h>
#include <stdio.h>

#include "common/utf8.h"
#include "worker/store_postgres_parts.h"

static enum status owe(struct store_postgres *store, struct pg_owed owed, int sent)
{
    if (sent != 1)
        return pg_gone(store);
    store->owed[store->owed_count++] = owed;
    return STATUS_OK;
}

/* Room for a PREPARE and its statement; the server's answers shall not fill every buffer. */
static enum status make_room(struct store_postgres *store)
{
    if (!store->conn)
        return pg_gone(store);
    if (store->failed != STATUS_OK)
        return store->failed;
    return store->owed_count + 2 > PG_OWED_MAX ? pg_settle_all(store) : STATUS_OK;
}

/* What is sent up to a sync is one transaction, where none was begun. */
static enum status begin_sending(struct store_postgres *store)
{
    enum status st = make_room(store);
    bool begins = store->is_pooled && !store->in_transaction && store->owed_count == 0;
    return st == STATUS_OK && begins ? pg_set_locally(store) : st;
}

/* Makes sql ready: under its name, where names last. */
static enum status prepare(struct pg_call *c, bool *prepared, const char *sql)
{
    struct store_postgres *store = c->store;
    c->sql = store->is_unnamed ? sql : NULL;
    if (*prepared || store->is_unnamed)
        return STATUS_OK;
    enum status st = begin_sending(store);
    if (st == STATUS_OK)
        st = owe(store, (struct pg_owed){ .prepared = prepared },
                 PQsendPrepare(store->conn, c->name, sql, 0, NULL));
    *prepared = st == STATUS_OK;
    return st;
}

struct pg_call pg_call_fixed(struct store_postgres *store, enum pg_fixed which)
{
    struct pg_call c;
    c.store = store;
    c.count = 0;
    snprintf(c.name, sizeof(c.name), "clerk_%d", (int)which);
    c.status = prepare(&c, &store->fixed_prepared[which], pg_fixed_text(which));
    return c;
}

static enum status make_text(struct store_postgres *store, const struct catalog_table *table,
                             enum sql_of_table which, struct pg_statement *statement)
{
    struct buf *text = &store->text;
    if (statement->text)
        return STATUS_OK;
    buf_clear(text);
    sql_of_table(text, SQL_POSTGRES, table, which);
    if (which == SQL_UPSERT || which == SQL_UPSERT_MANY)
        buf_append(text, SLICE(" RETURNING clerk_id, xmax = 0")); /* true: inserted */
    if (buf_status(text) == STATUS_OK)
        statement->text = slice_dup(buf_slice(text));
    return statement->text ? STATUS_OK : pg_because(store, STATUS_UNAVAILABLE, "out of memory");
}

struct pg_call pg_call_of_table(struct store_postgres *store, const struct catalog_table *table,
                                enum sql_of_table which)
{
    struct pg_call c;
    size_t place = catalog_table_index(table) * SQL_OF_TABLE_COUNT + which;
    struct pg_statement *statement = &store->of_table[place];
    c.store = store;
    c.sql = NULL;
    c.count = 0;
    snprintf(c.name, sizeof(c.name), "clerk_table_%zu", place);
    c.status = make_text(store, table, which, statement);
    if (c.status == STATUS_OK)
        c.status = prepare(&c, &statement->is_prepared, statement->text);
    return c;
}

struct pg_call pg_call_once(struct store_postgres *store, const char *sql)
{
    struct pg_call c;
    c.store = store;
    c.sql = sql;
    c.count = 0;
    c.status = STATUS_OK;
    return c;
}

struct slice pg_clean_type(struct slice type)
{
    bool is_text = slice_find(type, '\0') == type.len && utf8_is_valid(type);
    return is_text ? type : (struct slice){ NULL, 0 };
}

static void add(struct pg_call *c, const char *value, size_t len)
{
    assert(c->count < PG_PARAMETERS_MAX);
    c->values[c->count] = value;
    c->lengths[c->count] = (int)len;
    c->count++;
}

void pg_text(struct pg_call *c, struct slice text)
{
    add(c, text.len ? text.ptr : "", text.len);
}

void pg_type(struct pg_call *c, struct slice type)
{
    pg_text_or_null(c, pg_clean_type(type));
}

void pg_text_or_null(struct pg_call *c, struct slice text)
{
    add(c, text.len ? text.ptr : NULL, text.len);
}

void pg_int(struct pg_call *c, int64_t number)
{
    char *bytes = c->numbers[c->count];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(unsigned char)((uint64_t)number >> (56 - 8 * i));
    add(c, bytes, 8);
}

void pg_int_or_null(struct pg_call *c, int64_t number)
{
    if (number != 0)
        pg_int(c, number);
    else
        add(c, NULL, 0);
}

void pg_value(struct pg_call *c, const struct value *value)
{
    if (value->kind == VALUE_INT)
        pg_int(c, value->number);
    else if (value->kind == VALUE_TEXT)
        pg_text(c, value->text);
    else
        add(c, NULL, 0);
}

static enum status send_owing(const struct pg_call *c, struct pg_owed owed)
{
    static const int formats[PG_PARAMETERS_MAX] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct store_postgres *store = c->store;
    const char *const *values = c->values;
    int sent = c->sql ? PQsendQueryParams(store->conn, c->sql, c->count, NULL, values, c->lengths,
                                          formats, 1)
                      : PQsendQueryPrepared(store->conn, c->name, c->count, values, c->lengths,
                                            formats, 1);
    return owe(store, owed, sent);
}

static enum status begin_and_send(const struct pg_call *c, struct pg_owed owed)
{
    enum status st = c->status == STATUS_OK ? begin_sending(c->store) : c->status;
    return st == STATUS_OK ? send_owing(c, owed) : st;
}

enum status pg_send(struct pg_call *c, pg_answer_fn *fn, size_t place)
{
    return begin_and_send(c, (struct pg_owed){ .fn = fn, .place = place });
}

enum status pg_send_first(struct pg_call *c)
{
    enum status st = make_room(c->store);
    return st == STATUS_OK ? send_owing(c, (struct pg_owed){ 0 }) : st;
}

enum status pg_ask(struct pg_call *c)
{
    enum status st = begin_and_send(c, (struct pg_owed){ .is_kept = true });
    return st == STATUS_OK ? pg_settle_all(c->store) : st;
}

enum status pg_run(struct pg_call *c, int64_t *ret_changed)
{
    int64_t changed = 0;
    enum status st = pg_ask(c);
    if (st != STATUS_OK)
        return st;
    (void)slice_to_i64(slice_of(PQcmdTuples(c->store->kept)), 0, INT64_MAX, &changed);
    if (ret_changed)
        *ret_changed = changed;
    return st;
}
