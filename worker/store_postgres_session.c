#include <libpq-fe.h>

#include "worker/store_postgres_parts.h"

/* $1: for this transaction only. $2: the schema, or empty. $3: lz4 is there, several times faster
 * than pglz, and each object is compressed as a whole. $4: reads only. A stricter
 * synchronous_commit than ours stays; looser ones could lose events that Redis has been told to
 * forget. A session whose worker has vanished ends within a minute, not after Linux' two hours. */
static const char settings[] =
    "SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') "
    "THEN set_config('synchronous_commit', 'on', $1::boolean) END, "
    "set_config('statement_timeout', '30s', $1), set_config('lock_timeout', '10s', $1), "
    "set_config('idle_in_transaction_session_timeout', '5s', $1), "
    "CASE WHEN NOT $1 THEN set_config('tcp_keepalives_idle', '30', false) "
    "|| set_config('tcp_keepalives_interval', '10', false) "
    "|| set_config('tcp_keepalives_count', '3', false) END, "
    "CASE WHEN $2::text <> '' THEN set_config('search_path', quote_ident($2), $1) END, "
    "CASE WHEN $3::boolean THEN set_config('default_toast_compression', 'lz4', $1) END, "
    "CASE WHEN $4::boolean THEN set_config(CASE WHEN $1 THEN 'transaction_read_only' "
    "ELSE 'default_transaction_read_only' END, 'on', $1) END";

static void pg_flag(struct pg_call *c, const bool *flag)
{
    _Static_assert(sizeof(*flag) == 1, "a bool is a boolean in binary form");
    pg_text(c, (struct slice){ (const char *)flag, 1 });
}

static enum status set(struct store_postgres *store, bool locally)
{
    struct pg_call c = pg_call_once(store, settings);
    pg_flag(&c, &locally);
    pg_text(&c, slice_of(store->address.schema));
    pg_flag(&c, &store->has_lz4);
    pg_flag(&c, &store->reads_only);
    return pg_send_first(&c);
}

enum status pg_set_locally(struct store_postgres *store)
{
    return set(store, true);
}

/* A pooler tells every client another backend than the one that works for it. */
static enum status ask_who_answers(struct store_postgres *store, int64_t *ret_pid)
{
    struct pg_call c = pg_call_once(
        store, "SELECT pg_backend_pid(), EXISTS (SELECT FROM pg_settings "
               "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)), "
               "current_setting('transaction_read_only') = 'on'");
    store->is_asking_briefly = true;
    enum status st = pg_ask(&c);
    store->is_asking_briefly = false;
    if (st != STATUS_OK)
        return st;
    if (!store->reads_only && pg_number(store->kept, 0, 2) != 0)
        return pg_because(store, STATUS_UNAVAILABLE,
                          "the server takes no writes: a standby, or it was set to read only");
    *ret_pid = pg_number(store->kept, 0, 0);
    store->has_lz4 = pg_number(store->kept, 0, 1) != 0;
    return st;
}

enum status pg_open_session(struct store_postgres *store)
{
    enum store_prepare prepare = store->address.prepare;
    int64_t pid = 0;
    store->is_pooled = false; /* while it is asked, which needs no setting */
    store->is_unnamed = true;
    enum status st = ask_who_answers(store, &pid);
    if (st != STATUS_OK)
        return st;
    bool is_pooled = store->was_pooled || prepare != STORE_PREPARE_AUTO ||
                     pid != PQbackendPID(store->conn);
    store->is_unnamed = is_pooled && (store->was_pooled || prepare != STORE_PREPARE_ON);
    if (!is_pooled) {
        st = set(store, false);
        if (st == STATUS_OK)
            st = pg_settle_all(store);
    }
    store->is_pooled = is_pooled;
    return st;
}
