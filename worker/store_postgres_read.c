#include <stdlib.h>

#include "worker/store_postgres_parts.h"

/* --- counting --- */

static enum status read_sizes(struct store_postgres *store, struct store_counts *counts)
{
    struct pg_call c = pg_call_once(
        store, "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
               "WHERE c.relname = ANY ($1::text[]) AND c.relnamespace = "
               "quote_ident(current_schema()::text)::regnamespace AND c.relkind = 'r'");
    pg_text(&c, pg_our_tables(store));
    enum status st = pg_ask(&c);
    if (st == STATUS_OK)
        counts->file_bytes = pg_number(store->kept, 0, 0);
    return st;
}

enum status store_postgres_count(struct store *base, int64_t recent_ms,
                                 struct store_counts *ret_counts)
{
    struct store_postgres *store = store_postgres_of(base);
    struct store_counts counts = { 0 };
    enum status st = pg_connect(store);
    if (st == STATUS_OK)
        st = read_sizes(store, &counts);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(
        store, "SELECT (SELECT max(version) FROM clerk_migrations), count(*), "
               "(SELECT count(*) FROM webhook_events WHERE processed_at >= $1::bigint), "
               "(SELECT max(processed_at) FROM webhook_events), "
               "(SELECT count(*) FROM dead_letters), "
               "(SELECT max(failed_at) FROM dead_letters) FROM webhook_events");
    pg_int(&c, recent_ms);
    st = pg_ask(&c);
    if (st != STATUS_OK)
        return st;
    counts.schema_version = pg_number(store->kept, 0, 0);
    counts.ledger_rows = pg_number(store->kept, 0, 1);
    counts.ledger_recent = pg_number(store->kept, 0, 2);
    counts.last_processed_ms = pg_number(store->kept, 0, 3);
    counts.dead_letters = pg_number(store->kept, 0, 4);
    counts.last_dead_ms = pg_number(store->kept, 0, 5);
    *ret_counts = counts;
    return st;
}

enum status store_postgres_each_type(struct store *base, store_type_fn *fn, void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(
        store, "SELECT type, max(processed_at) AS last, count(*) FROM (SELECT type, processed_at "
               "FROM webhook_events ORDER BY processed_at DESC LIMIT $1::bigint) AS latest "
               "GROUP BY type ORDER BY last DESC, type COLLATE \"C\" NULLS FIRST");
    pg_int(&c, STORE_TYPES_WINDOW);
    st = pg_ask(&c);
    for (size_t i = 0; st == STATUS_OK && i < pg_rows(store->kept); i++)
        fn(arg, pg_slice(store->kept, i, 0), pg_number(store->kept, i, 1),
           pg_number(store->kept, i, 2));
    return st;
}

/* --- dead letters --- */

#define LETTER_COLUMNS "svix_id, type, reason, attempts, body, received_at, failed_at"

enum { PORTION = 50 }; /* bodies may be a MiB each */

static struct store_dead_letter letter_of(const struct pg_result *answer, size_t row)
{
    return (struct store_dead_letter){
        .svix_id = pg_slice(answer, row, 0),
        .type = pg_slice(answer, row, 1),
        .reason = pg_slice(answer, row, 2),
        .attempts = pg_number(answer, row, 3),
        .body = pg_slice(answer, row, 4),
        .received_at = pg_number(answer, row, 5),
        .failed_at = pg_number(answer, row, 6),
    };
}

/* One portion of the list behind *after. *ret_rows: how many; fewer than PORTION: it was the last,
 * or fn has had enough. */
static enum status one_portion(struct store_postgres *store, const struct store_dead_place *after,
                               int64_t until_ms, store_dead_fn *fn, void *arg, size_t *ret_rows)
{
    struct pg_call c = pg_call_once(
        store, "SELECT " LETTER_COLUMNS " FROM dead_letters "
               "WHERE (failed_at, svix_id COLLATE \"C\") > ($1::bigint, $2::text) "
               "AND failed_at <= $3::bigint ORDER BY failed_at, svix_id COLLATE \"C\" "
               "LIMIT $4::bigint");
    pg_int(&c, after->failed_at);
    pg_text(&c, after->svix_id);
    pg_int(&c, until_ms);
    pg_int(&c, PORTION);
    enum status st = pg_ask(&c);
    if (st != STATUS_OK)
        return st;
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < pg_rows(store->kept); i++) {
        struct store_dead_letter letter = letter_of(store->kept, i);
        goes_on = fn(arg, &letter);
    }
    *ret_rows = goes_on ? pg_rows(store->kept) : 0;
    return st;
}

enum status store_postgres_each_dead_letter(struct store *base,
                                            const struct store_dead_place *after, int64_t until_ms,
                                            store_dead_fn *fn, void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    struct store_dead_place place = *after;
    char *svix_id = NULL; /* of the place; outlives the answer that it came in */
    size_t rows = PORTION;
    enum status st = pg_connect(store);
    while (st == STATUS_OK && rows == PORTION) {
        st = one_portion(store, &place, until_ms, fn, arg, &rows);
        if (st != STATUS_OK || rows < PORTION)
            break;
        struct store_dead_letter last = letter_of(store->kept, rows - 1);
        free(svix_id);
        svix_id = slice_dup(last.svix_id);
        if (!svix_id)
            st = pg_because(store, STATUS_UNAVAILABLE, "out of memory");
        place = (struct store_dead_place){ last.failed_at, slice_of(svix_id) };
    }
    free(svix_id);
    return st;
}

enum status store_postgres_one_dead_letter(struct store *base, struct slice svix_id,
                                           store_dead_fn *fn, void *arg)
{
    struct store_postgres *store = store_postgres_of(base);
    enum status st = pg_connect(store);
    if (st != STATUS_OK)
        return st;
    struct pg_call c = pg_call_once(store, "SELECT " LETTER_COLUMNS
                                           " FROM dead_letters WHERE svix_id = $1::text");
    pg_text(&c, svix_id);
    st = pg_ask(&c);
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st == STATUS_OK ? STATUS_NOT_FOUND : st;
    struct store_dead_letter letter = letter_of(store->kept, 0);
    (void)fn(arg, &letter);
    return STATUS_OK;
}
