#include <libpq-fe.h>

#include "worker/catalog.h"
#include "worker/store_find.h"
#include "worker/store_postgres_parts.h"

/* Asks for one thing; $1 and $2 are text and number, those of them that are not NULL. */
static enum status ask(struct store_postgres *store, const char *sql, const struct slice *text,
                       const int64_t *number)
{
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(store, sql);
    if (text)
        pg_text(&c, *text);
    if (number)
        pg_int(&c, *number);
    return pg_ask(&c);
}

enum status store_postgres_recent(struct store *base, int64_t since_ms,
                                  struct store_recent *ret_recent)
{
    static const char sql[] =
        "SELECT count(*), trunc(avg(took))::bigint, max(took) FROM (SELECT CASE WHEN received_at "
        "IS "
        "NOT NULL THEN greatest(processed_at - received_at, 0) END AS took FROM webhook_events "
        "WHERE processed_at >= $1::bigint ORDER BY processed_at DESC LIMIT 2000) AS latest";
    _Static_assert(STORE_RECENT_MAX == 2000, "as the statement says");
    struct store_postgres *store = store_postgres_of(base);
    enum status st = ask(store, sql, NULL, &since_ms);
    if (st == STATUS_OK)
        *ret_recent = (struct store_recent){ .count = pg_number(store->kept, 0, 0),
                                             .mean_ms = pg_number(store->kept, 0, 1),
                                             .max_ms = pg_number(store->kept, 0, 2) };
    return st;
}

#define EVENT_COLUMNS "svix_id, type, clerk_id, outcome, event_at, received_at, processed_at"

static enum status each_event(struct store_postgres *store, store_event_fn *fn, void *arg)
{
    for (size_t i = 0; i < pg_rows(store->kept); i++) {
        const struct store_found_event event = {
            .svix_id = pg_slice(store->kept, i, 0),
            .type = pg_slice(store->kept, i, 1),
            .clerk_id = pg_slice(store->kept, i, 2),
            .outcome = pg_slice(store->kept, i, 3),
            .event_at = pg_number(store->kept, i, 4),
            .received_at = pg_number(store->kept, i, 5),
            .processed_at = pg_number(store->kept, i, 6),
        };
        fn(arg, &event);
    }
    return pg_rows(store->kept) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status store_postgres_find_event(struct store *base, struct slice svix_id, store_event_fn *fn,
                                      void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = ask(store,
                         "SELECT " EVENT_COLUMNS " FROM webhook_events WHERE svix_id = $1::text",
                         &svix_id, NULL);
    return st == STATUS_OK ? each_event(store, fn, arg) : st;
}

enum status store_postgres_each_event_of(struct store *base, struct slice clerk_id,
                                         store_event_fn *fn, void *arg)
{
    static const int64_t window = STORE_TYPES_WINDOW;
    _Static_assert(STORE_HISTORY_MAX == 50, "as the statement says");
    struct store_postgres *store = store_postgres_of(base);
    enum status st = ask(store,
                         "SELECT " EVENT_COLUMNS " FROM (SELECT * FROM webhook_events "
                         "ORDER BY processed_at DESC LIMIT $2::bigint) AS latest "
                         "WHERE clerk_id = $1::text ORDER BY processed_at DESC LIMIT 50",
                         &clerk_id, &window);
    if (st == STATUS_OK)
        st = each_event(store, fn, arg);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* Our tables have texts and BIGINTs. */
static void show_row(const struct store_postgres *store, const char *table, store_column_fn *fn,
                     void *arg)
{
    enum { OID_BIGINT = 20 };
    for (int i = 0; i < PQnfields(store->kept); i++) {
        struct value value = { .kind = VALUE_TEXT };
        if (pg_is_null(store->kept, 0, i))
            value.kind = VALUE_NULL;
        else if (PQftype(store->kept, i) == OID_BIGINT)
            value = (struct value){ .kind = VALUE_INT, .number = pg_number(store->kept, 0, i) };
        else
            value.text = pg_slice(store->kept, 0, i);
        fn(arg, table, PQfname(store->kept, i), &value);
    }
}

static enum status find_in(struct store_postgres *store, const char *table, struct slice clerk_id,
                           store_column_fn *fn, void *arg)
{
    buf_clear(&store->text);
    buf_printf(&store->text, "SELECT * FROM %s WHERE clerk_id = $1::text", table);
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    enum status st = ask(store, buf_text(&store->text), &clerk_id, NULL);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    show_row(store, table, fn, arg);
    return STATUS_OK;
}

enum status store_postgres_find_object(struct store *base, struct slice clerk_id,
                                       store_column_fn *fn, void *arg)
{
    enum status st = STATUS_NOT_FOUND;
    for (size_t i = 0; st == STATUS_NOT_FOUND && i < catalog_table_count; i++)
        st = find_in(store_postgres_of(base), catalog_tables[i]->name, clerk_id, fn, arg);
    return st;
}

enum status store_postgres_find_tombstone(struct store *base, struct slice clerk_id,
                                          int64_t *ret_event_at)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = ask(store, "SELECT event_at FROM tombstones WHERE clerk_id = $1::text",
                         &clerk_id, NULL);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    *ret_event_at = pg_number(store->kept, 0, 0);
    return STATUS_OK;
}
