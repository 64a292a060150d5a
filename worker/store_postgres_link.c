#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "worker/store_postgres_parts.h"

enum {
    CONNECT_MS = 10000,
    POLL_MS = 500, /* how long the stop flag may go unnoticed */
    SQLSTATE_LEN = 5,
};

bool pg_wait(struct store_postgres *store, bool for_writing, int timeout_ms)
{
    struct pollfd p = { .fd = PQsocket(store->conn), .events = for_writing ? POLLOUT : POLLIN };
    int n = poll(&p, 1, timeout_ms);
    return n > 0;
}

/* libpq keeps the SQLSTATE of a refused connection to itself, but for its verbose messages:
 * "FATAL:  28P01: password authentication failed". */
static const char *sqlstate_in(const char *message, char ret_state[SQLSTATE_LEN + 1])
{
    const char *found = strstr(message, "FATAL:  ");
    if (!found || strlen(found) < sizeof("FATAL:  ") + SQLSTATE_LEN)
        return NULL;
    memcpy(ret_state, found + sizeof("FATAL:  ") - 1, SQLSTATE_LEN);
    ret_state[SQLSTATE_LEN] = '\0';
    return ret_state;
}

static enum status connect_failed(struct store_postgres *store)
{
    char state[SQLSTATE_LEN + 1];
    const char *message = PQerrorMessage(store->conn);
    enum status st = pg_classify(sqlstate_in(message, state));
    const char *end = strstr(message, "\nLOCATION:"); /* in the server's source */
    return pg_because(store, st, "%.*s", end ? (int)(end - message) : (int)strlen(message),
                      message);
}

static enum status wait_connected(struct store_postgres *store)
{
    int64_t until_ms = clock_system.mono_ms() + CONNECT_MS;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED)
            return connect_failed(store);
        if (store->stop && *store->stop)
            return pg_because(store, STATUS_STOPPED, "stopped while connecting");
        if (clock_system.mono_ms() > until_ms)
            return pg_because(store, STATUS_UNAVAILABLE, "no connection within %d s",
                              CONNECT_MS / 1000);
        if (pg_wait(store, next == PGRES_POLLING_WRITING, POLL_MS))
            next = PQconnectPoll(store->conn);
    }
    return STATUS_OK;
}

static void stay_silent(void *arg, const char *message)
{
    (void)arg;
    (void)message;
}

/* libpq's own words would repeat parts of the URL. */
static enum status refuse_address(struct store_postgres *store)
{
    return pg_because(store, STATUS_FATAL,
                      "DATABASE_URL is no address that libpq takes; percent-encode special "
                      "characters in user and password");
}

static enum status check_address(struct store_postgres *store)
{
    char *fault = NULL;
    PQconninfoOption *options = PQconninfoParse(store->address.url, &fault);
    bool is_good = options != NULL;
    PQconninfoFree(options);
    PQfreemem(fault);
    return is_good ? STATUS_OK : refuse_address(store);
}

/* Before the URL, so that it may say otherwise; after it what must hold. */
static enum status start_connecting(struct store_postgres *store)
{
    const char *const keys[] = { "fallback_application_name",
                                 "keepalives_idle",
                                 "keepalives_interval",
                                 "keepalives_count",
                                 "tcp_user_timeout",
                                 "target_session_attrs",
                                 "dbname",
                                 "client_encoding",
                                 NULL };
    const char *const values[] = {
        "clerk-worker",     "30",   "10", "3", "30000", store->reads_only ? "any" : "read-write",
        store->address.url, "UTF8", NULL
    };
    store->conn = PQconnectStartParams(keys, values, 1);
    if (!store->conn)
        return pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    (void)PQsetErrorVerbosity(store->conn, PQERRORS_VERBOSE);
    (void)PQsetNoticeProcessor(store->conn, stay_silent, NULL);
    if (PQstatus(store->conn) != CONNECTION_BAD)
        return STATUS_OK;
    if (strncmp(PQerrorMessage(store->conn), "invalid ", 8) == 0)
        return refuse_address(store);
    return connect_failed(store);
}

/* One setting of the session. A stricter synchronous_commit than ours stays; looser ones could lose
 * events that Redis has been told to forget. */
static const char *const settings[] = {
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local')",
    /* Several times faster than pglz, and each object is compressed as a whole. */
    "SELECT set_config(name, 'lz4', false) FROM pg_settings "
    "WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)",
    "SELECT set_config('statement_timeout', '30s', false)",
    "SELECT set_config('lock_timeout', '10s', false)",
    "SELECT set_config('idle_in_transaction_session_timeout', '20s', false)",
};

static enum status set_up(struct store_postgres *store)
{
    enum status st = STATUS_OK;
    const char *encoding = PQparameterStatus(store->conn, "server_encoding");
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return pg_because(store, STATUS_FATAL, "the database's encoding is not UTF8");
    if (PQenterPipelineMode(store->conn) != 1)
        return pg_because(store, STATUS_UNAVAILABLE, "no pipeline mode");
    for (size_t i = 0; st == STATUS_OK && i < sizeof(settings) / sizeof(settings[0]); i++) {
        struct pg_call c = pg_call_once(store, settings[i]);
        st = pg_send(&c, NULL, 0);
    }
    if (st == STATUS_OK && store->address.schema[0]) {
        struct pg_call c = pg_call_once(
            store, "SELECT set_config('search_path', quote_ident($1::text), false)");
        pg_text(&c, slice_of(store->address.schema));
        st = pg_send(&c, NULL, 0);
    }
    if (st == STATUS_OK && store->reads_only) {
        struct pg_call c = pg_call_once(
            store, "SELECT set_config('default_transaction_read_only', 'on', false)");
        st = pg_send(&c, NULL, 0);
    }
    return st == STATUS_OK ? pg_settle_all(store) : st;
}

enum status pg_connect(struct store_postgres *store)
{
    if (store->conn)
        return STATUS_OK;
    if (store->in_transaction) /* what it held went with its connection */
        return pg_gone(store);
    enum status st = check_address(store);
    if (st == STATUS_OK)
        st = start_connecting(store);
    if (st == STATUS_OK)
        st = wait_connected(store);
    if (st == STATUS_OK)
        st = set_up(store);
    if (st != STATUS_OK)
        pg_disconnect(store);
    return st;
}

void pg_disconnect(struct store_postgres *store)
{
    PQfinish(store->conn);
    store->conn = NULL;
    PQclear(store->kept);
    store->kept = NULL;
    store->owed_count = 0;
    memset(store->fixed_prepared, 0, sizeof(store->fixed_prepared));
    memset(store->table_prepared, 0,
           catalog_table_count * (size_t)SQL_OF_TABLE_COUNT * sizeof(*store->table_prepared));
}
