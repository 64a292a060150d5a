#include "worker/store_postgres_parts.h"

enum status store_postgres_recent(struct store *base, int64_t since_ms,
                                  struct store_recent *ret_recent)
{
    _Static_assert(STORE_RECENT_MAX == 2000, "as the statement says");
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(
        store, "SELECT count(*), trunc(avg(took))::bigint, max(took) FROM (SELECT CASE WHEN "
               "received_at IS NOT NULL THEN greatest(processed_at - received_at, 0) END AS took "
               "FROM webhook_events "
               "WHERE processed_at >= $1::bigint ORDER BY processed_at DESC LIMIT 2000) AS latest");
    pg_int(&c, since_ms);
    st = pg_ask(&c);
    if (st != STATUS_OK)
        return st;
    *ret_recent = (struct store_recent){
        .count = pg_number(store->kept, 0, 0),
        .mean_ms = pg_number(store->kept, 0, 1),
        .max_ms = pg_number(store->kept, 0, 2),
    };
    return STATUS_OK;
}

#define EVENT_COLUMNS "svix_id, type, clerk_id, outcome, event_at, received_at, processed_at"

/* Shows the events of an answer. */
static void show_events(const struct pg_result *answer, store_event_fn *fn, void *arg)
{
    for (size_t i = 0; i < pg_rows(answer); i++) {
        const struct store_found_event event = {
            .svix_id = pg_slice(answer, i, 0),
            .type = pg_slice(answer, i, 1),
            .clerk_id = pg_slice(answer, i, 2),
            .outcome = pg_slice(answer, i, 3),
            .event_at = pg_number(answer, i, 4),
            .received_at = pg_number(answer, i, 5),
            .processed_at = pg_number(answer, i, 6),
        };
        fn(arg, &event);
    }
}

enum status store_postgres_find_event(struct store *base, struct slice svix_id, store_event_fn *fn,
                                      void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(store, "SELECT " EVENT_COLUMNS
                                           " FROM webhook_events WHERE svix_id = $1::text");
    pg_text(&c, svix_id);
    st = pg_ask(&c);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    show_events(store->kept, fn, arg);
    return STATUS_OK;
}

enum status store_postgres_each_event_of(struct store *base, struct slice clerk_id,
                                         store_event_fn *fn, void *arg)
{
    _Static_assert(STORE_HISTORY_MAX == 50, "as the statement says");
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(
        store, "SELECT " EVENT_COLUMNS " FROM (SELECT * FROM webhook_events "
               "ORDER BY processed_at DESC LIMIT $2::bigint) AS latest WHERE clerk_id = $1::text "
               "ORDER BY processed_at DESC LIMIT 50");
    pg_text(&c, clerk_id);
    pg_int(&c, STORE_TYPES_WINDOW);
    st = pg_ask(&c);
    if (st == STATUS_OK)
        show_events(store->kept, fn, arg);
    return st;
}

/* The columns that every object table has around its own, and what they hold. */
static const struct common_column {
    const char *name;
    bool is_number;
} before[] = { { "id", true }, { "clerk_id", false } }, after[] = {
    { "data", false },    { "created_at", true }, { "updated_at", true },
    { "event_at", true }, { "deleted_at", true },
};

enum {
    BEFORE_COUNT = sizeof(before) / sizeof(*before),
    AFTER_COUNT = sizeof(after) / sizeof(*after),
};

/* Column i of a table, counted over all three groups. */
static struct common_column column_at(const struct catalog_table *table, size_t i)
{
    if (i < BEFORE_COUNT)
        return before[i];
    if (i < BEFORE_COUNT + table->column_count) {
        const struct catalog_column *column = &table->columns[i - BEFORE_COUNT];
        return (struct common_column){ column->name, catalog_is_number(column->kind) };
    }
    return after[i - BEFORE_COUNT - table->column_count];
}

static enum status select_object(struct store_postgres *store, const struct catalog_table *table,
                                 size_t column_count, struct slice clerk_id)
{
    buf_clear(&store->text);
    for (size_t i = 0; i < column_count; i++)
        buf_printf(&store->text, "%s%s", i ? ", " : "SELECT ", column_at(table, i).name);
    buf_printf(&store->text, " FROM %s WHERE clerk_id = $1::text", table->name);
    if (buf_status(&store->text) != STATUS_OK)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    struct pg_call c = pg_call_once(store, buf_text(&store->text));
    pg_text(&c, clerk_id);
    return pg_ask(&c);
}

static enum status find_in(struct store_postgres *store, const struct catalog_table *table,
                           struct slice clerk_id, store_column_fn *fn, void *arg)
{
    size_t count = BEFORE_COUNT + table->column_count + AFTER_COUNT;
    enum status st = select_object(store, table, count, clerk_id);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    for (size_t i = 0; i < count; i++) {
        struct common_column column = column_at(table, i);
        struct value value = { .kind = VALUE_NULL };
        if (!pg_is_null(store->kept, 0, (int)i) && column.is_number)
            value = (struct value){ VALUE_INT, .number = pg_number(store->kept, 0, (int)i) };
        else if (!pg_is_null(store->kept, 0, (int)i))
            value = (struct value){ VALUE_TEXT, .text = pg_slice(store->kept, 0, (int)i) };
        fn(arg, table->name, column.name, &value);
    }
    return STATUS_OK;
}

enum status store_postgres_find_object(struct store *base, struct slice clerk_id,
                                       store_column_fn *fn, void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st == STATUS_OK)
        st = STATUS_NOT_FOUND;
    for (size_t i = 0; st == STATUS_NOT_FOUND && i < catalog_table_count; i++)
        st = find_in(store, catalog_tables[i], clerk_id, fn, arg);
    return st;
}

enum status store_postgres_find_tombstone(struct store *base, struct slice clerk_id,
                                          int64_t *ret_event_at)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(store,
                                    "SELECT event_at FROM tombstones WHERE clerk_id = $1::text");
    pg_text(&c, clerk_id);
    st = pg_ask(&c);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    *ret_event_at = pg_number(store->kept, 0, 0);
    return STATUS_OK;
}
