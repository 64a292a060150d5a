/* The floor of clerk-worker on PostgreSQL: the rows of COUNT user.created events inserted in a loop
 * through libpq's pipeline mode, with prepared statements, 500 events in a transaction and one
 * round trip for each transaction; no Redis, no JSON, no look-ups. The tables are there already
 * (clerk-worker migrate); every setting is the server's. Prints seconds of the clock and of the
 * processor, the server's not included. Usage: bench-postgres-floor CONNECTION SCHEMA TEMPLATES
 * COUNT */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "event_mix.h"

enum { BATCH = 500, START_MS_S = 1700000000, PARAMETERS_MAX = 4, NUMBER_BYTES = 8 };

static const char begin_sql[] = "BEGIN";
static const char commit_sql[] = "COMMIT";
static const char ledger_sql[] =
    "INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, received_at, "
    "processed_at, outcome) "
    "VALUES ($1, 'user.created', $2, 'ins_bench', $3, $3, $3, 'applied')";
static const char user_sql[] = "INSERT INTO users (clerk_id, email, first_name, last_name, "
                               "image_url, locale, public_metadata, private_metadata, "
                               "unsafe_metadata, banned, locked, password_enabled, "
                               "two_factor_enabled, last_active_at, data, created_at, updated_at, "
                               "event_at) VALUES ($1, 'mara.lindqvist@example.com', 'Mara', "
                               "'Lindqvist', 'https://img.clerk.com/eyJ0eXBlIjoiZGVm', "
                               "'sv-SE', '{}', '{}', '{}', 0, 0, 1, 0, $2, $3, $2, $2, $2)";
static const char email_sql[] =
    "INSERT INTO user_emails (clerk_id, user_id, email_address, verified, is_primary, data, "
    "created_at, updated_at, event_at) "
    "VALUES ($1, $2, 'mara.lindqvist@example.com', 1, 1, $4, $3, $3, $3)";

/* Parameters of one statement; numbers go in binary form. */
struct call {
    const char *name;
    int count;
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
    char number[NUMBER_BYTES];
};

static void fail(PGconn *conn, const char *what)
{
    fprintf(stderr, "postgres: %s: %s\n", what, PQerrorMessage(conn));
    exit(1);
}

static void must(PGconn *conn, int sent)
{
    if (sent != 1)
        fail(conn, "not sent");
}

static void add_text(struct call *c, struct slice text)
{
    c->values[c->count] = text.ptr;
    c->lengths[c->count] = (int)text.len;
    c->formats[c->count++] = 1; /* the bytes of a text are its binary form */
}

static void add_number(struct call *c, int64_t number)
{
    for (int i = 0; i < NUMBER_BYTES; i++)
        c->number[i] = (char)(unsigned char)((uint64_t)number >> (56 - 8 * i));
    add_text(c, (struct slice){ c->number, NUMBER_BYTES });
}

static void send_call(PGconn *conn, const struct call *c)
{
    must(conn, PQsendQueryPrepared(conn, c->name, c->count, c->values, c->lengths, c->formats, 1));
}

static void insert_event(PGconn *conn, struct event_mix *mix, uint64_t n)
{
    static const char address[] =
        "{\"id\":\"idn\",\"object\":\"email_address\",\"reserved\":false,\"linked_to\":[],"
        "\"verification\":{\"attempts\":1,\"status\":\"verified\",\"strategy\":\"email_code\"}}";
    struct call ledger = { .name = "ledger" };
    struct call user = { .name = "user" };
    struct call email = { .name = "email" };
    struct mixed_event ev;
    char user_id[64];
    char mail_id[64];
    int64_t at_ms = START_MS_S * (int64_t)1000 + (int64_t)n;

    event_mix_make(mix, n, at_ms, &ev);
    snprintf(user_id, sizeof(user_id), "user_%027llu", (unsigned long long)n);
    snprintf(mail_id, sizeof(mail_id), "idn_%027llu", (unsigned long long)n);
    add_text(&ledger, ev.message_id);
    add_text(&ledger, slice_of(user_id));
    add_number(&ledger, at_ms);
    send_call(conn, &ledger);
    add_text(&user, slice_of(user_id));
    add_number(&user, at_ms);
    add_text(&user, ev.body);
    send_call(conn, &user);
    add_text(&email, slice_of(mail_id));
    add_text(&email, slice_of(user_id));
    add_number(&email, at_ms);
    add_text(&email, slice_of(address));
    send_call(conn, &email);
}

/* Waits until everything sent so far is answered. */
static void settle(PGconn *conn)
{
    ExecStatusType kind = PGRES_COMMAND_OK;

    must(conn, PQpipelineSync(conn));
    while (kind != PGRES_PIPELINE_SYNC) {
        PGresult *answer = PQgetResult(conn); /* NULL: between the answers of two statements */
        kind = answer ? PQresultStatus(answer) : PGRES_COMMAND_OK;
        PQclear(answer);
        bool good = kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK ||
                    kind == PGRES_PIPELINE_SYNC;
        if (!good || PQstatus(conn) != CONNECTION_OK)
            fail(conn, "refused");
    }
}

static PGconn *connect_to(const char *address, const char *schema)
{
    PGconn *conn = PQconnectdb(address);

    if (PQstatus(conn) != CONNECTION_OK)
        fail(conn, "no connection");
    must(conn, PQenterPipelineMode(conn));
    must(conn, PQsendQueryParams(conn, "SELECT set_config('search_path', $1, false)", 1, NULL,
                                 &schema, NULL, NULL, 0));
    must(conn, PQsendPrepare(conn, "begin", begin_sql, 0, NULL));
    must(conn, PQsendPrepare(conn, "commit", commit_sql, 0, NULL));
    must(conn, PQsendPrepare(conn, "ledger", ledger_sql, 0, NULL));
    must(conn, PQsendPrepare(conn, "user", user_sql, 0, NULL));
    must(conn, PQsendPrepare(conn, "email", email_sql, 0, NULL));
    settle(conn);
    return conn;
}

static void insert_batch(PGconn *conn, struct event_mix *mix, uint64_t first, uint64_t end)
{
    static const struct call begin = { .name = "begin" };
    static const struct call commit = { .name = "commit" };

    send_call(conn, &begin);
    for (uint64_t n = first; n < end; n++)
        insert_event(conn, mix, n);
    send_call(conn, &commit);
    settle(conn);
}

static double seconds(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct event_mix *mix = NULL;

    if (argc != 5 || event_mix_new(argv[3], 0, &mix) != STATUS_OK) {
        fprintf(stderr, "usage: bench-postgres-floor CONNECTION SCHEMA TEMPLATES COUNT\n");
        return 2;
    }
    uint64_t count = strtoull(argv[4], NULL, 10);
    PGconn *conn = connect_to(argv[1], argv[2]);
    double wall = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t n = 0; n < count; n += BATCH)
        insert_batch(conn, mix, n, n + BATCH < count ? n + BATCH : count);
    printf("{\"wall_s\": %.4f, \"cpu_s\": %.4f}\n", seconds(CLOCK_MONOTONIC) - wall,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    PQfinish(conn);
    event_mix_free(mix);
    return 0;
}
