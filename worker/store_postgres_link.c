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
    PLACE_MAX = 512,
};

/* A peer that acknowledges nothing for as long is gone. Less than CONNECT_MS, so that libpq gets to
 * the next address of a URL that has several. */
#define SILENT_MS "8000"

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

/* libpq goes through the addresses of the URL by itself, and each has the whole time. */
static bool has_moved(const PGconn *conn, char place[PLACE_MAX])
{
    char now[PLACE_MAX];
    snprintf(now, sizeof(now), "%s %s %s", PQhost(conn), PQhostaddr(conn), PQport(conn));
    if (strcmp(now, place) == 0)
        return false;
    memcpy(place, now, sizeof(now));
    return true;
}

static enum status wait_connected(struct store_postgres *store)
{
    int64_t until_ms = 0;
    char place[PLACE_MAX] = "";
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (has_moved(store->conn, place))
            until_ms = clock_system.mono_ms() + CONNECT_MS;
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

static bool names_several(const PQconninfoOption *option)
{
    bool is_host = strcmp(option->keyword, "host") == 0 || strcmp(option->keyword, "hostaddr") == 0;
    return is_host && option->val && strchr(option->val, ',');
}

static enum status check_address(struct store_postgres *store)
{
    char *fault = NULL;
    PQconninfoOption *options = PQconninfoParse(store->address.url, &fault);
    bool is_good = options != NULL;
    store->has_choice = false;
    for (const PQconninfoOption *o = options; o && o->keyword; o++)
        store->has_choice = store->has_choice || names_several(o);
    PQconninfoFree(options);
    PQfreemem(fault);
    return is_good ? STATUS_OK : refuse_address(store);
}

/* Before the URL, so that it may say otherwise; after it what must hold. libpq looks for the host
 * that takes writes only where there are several: a pooler may tell it for ever what the server was
 * like once. pg_open_session() asks the server itself. */
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
    bool finds_writer = store->has_choice && !store->reads_only;
    const char *const values[] = {
        "clerk-worker",     "5",    "3", "3", SILENT_MS, finds_writer ? "read-write" : "any",
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

static enum status set_up(struct store_postgres *store)
{
    const char *encoding = PQparameterStatus(store->conn, "server_encoding");
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return pg_because(store, STATUS_FATAL, "the database's encoding is not UTF8");
    if (PQenterPipelineMode(store->conn) != 1)
        return pg_because(store, STATUS_UNAVAILABLE, "no pipeline mode");
    return pg_open_session(store);
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
    for (size_t i = 0; i < catalog_table_count * (size_t)SQL_OF_TABLE_COUNT; i++)
        store->of_table[i].is_prepared = false;
}
