/* The floor of clerk-worker: the rows of COUNT user.created events inserted in a loop, 500 events
 * in a transaction, with the worker's own durability, cache and distance between checkpoints; no
 * Redis, no JSON, no look-ups. The tables are there already (clerk-worker migrate). Prints seconds
 * of the clock and of the processor. Usage: bench-sqlite-floor DATABASE TEMPLATES COUNT */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "event_mix.h"

enum { BATCH = 500, START_MS_S = 1700000000 };

static const char ledger_sql[] =
    "INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, received_at, "
    "processed_at, outcome) "
    "VALUES (?1, 'user.created', ?2, 'ins_bench', ?3, ?3, ?3, 'applied')";
static const char user_sql[] = "INSERT INTO users (clerk_id, email, first_name, last_name, "
                               "image_url, locale, public_metadata, private_metadata, "
                               "unsafe_metadata, banned, locked, password_enabled, "
                               "two_factor_enabled, last_active_at, data, created_at, updated_at, "
                               "event_at) VALUES (?2, 'mara.lindqvist@example.com', 'Mara', "
                               "'Lindqvist', 'https://img.clerk.com/eyJ0eXBlIjoiZGVm', "
                               "'sv-SE', '{}', '{}', '{}', 0, 0, 1, 0, ?3, ?4, ?3, ?3, ?3)";
static const char email_sql[] =
    "INSERT INTO user_emails (clerk_id, user_id, email_address, verified, is_primary, data, "
    "created_at, updated_at, "
    "event_at) VALUES (?1, ?2, 'mara.lindqvist@example.com', 1, 1, ?4, ?3, ?3, ?3)";

struct loop {
    sqlite3 *db;
    sqlite3_stmt *ledger, *user, *email;
};

static void must(struct loop *l, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return;
    fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(l->db));
    exit(1);
}

static void run(struct loop *l, const char *sql)
{
    must(l, sqlite3_exec(l->db, sql, NULL, NULL, NULL));
}

static void insert(struct loop *l, sqlite3_stmt *stmt, struct slice key, struct slice user,
                   int64_t at_ms, struct slice data)
{
    sqlite3_bind_text(stmt, 1, key.ptr, (int)key.len, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, user.ptr, (int)user.len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, at_ms);
    if (data.len > 0)
        sqlite3_bind_text(stmt, 4, data.ptr, (int)data.len, SQLITE_STATIC);
    must(l, sqlite3_step(stmt));
    must(l, sqlite3_reset(stmt));
}

static void insert_event(struct loop *l, struct event_mix *mix, uint64_t n)
{
    static const char address[] =
        "{\"id\":\"idn\",\"object\":\"email_address\",\"reserved\":false,\"linked_to\":[],"
        "\"verification\":{\"attempts\":1,\"status\":\"verified\",\"strategy\":\"email_code\"}}";
    struct mixed_event ev;
    char user[64];
    char mail[64];
    int64_t at_ms = START_MS_S * (int64_t)1000 + (int64_t)n;

    event_mix_make(mix, n, at_ms, &ev);
    snprintf(user, sizeof(user), "user_%027llu", (unsigned long long)n);
    snprintf(mail, sizeof(mail), "idn_%027llu", (unsigned long long)n);
    insert(l, l->ledger, ev.message_id, slice_of(user), at_ms, SLICE(""));
    insert(l, l->user, ev.message_id, slice_of(user), at_ms, ev.body);
    insert(l, l->email, slice_of(mail), slice_of(user), at_ms, SLICE(address));
}

static void open_loop(struct loop *l, const char *path)
{
    must(l, sqlite3_open(path, &l->db));
    run(l, "PRAGMA journal_mode=WAL");
    run(l, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=2048; PRAGMA cache_size=-32768");
    must(l, sqlite3_prepare_v2(l->db, ledger_sql, -1, &l->ledger, NULL));
    must(l, sqlite3_prepare_v2(l->db, user_sql, -1, &l->user, NULL));
    must(l, sqlite3_prepare_v2(l->db, email_sql, -1, &l->email, NULL));
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
    struct loop l = { 0 };

    if (argc != 4 || event_mix_new(argv[2], 0, &mix) != STATUS_OK) {
        fprintf(stderr, "usage: bench-sqlite-floor DATABASE TEMPLATES COUNT\n");
        return 2;
    }
    uint64_t count = strtoull(argv[3], NULL, 10);
    open_loop(&l, argv[1]);
    double wall = seconds(CLOCK_MONOTONIC);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t n = 0; n < count; n++) {
        if (n % BATCH == 0)
            run(&l, n ? "COMMIT; BEGIN IMMEDIATE" : "BEGIN IMMEDIATE");
        insert_event(&l, mix, n);
    }
    run(&l, "COMMIT");
    printf("{\"wall_s\": %.4f, \"cpu_s\": %.4f}\n", seconds(CLOCK_MONOTONIC) - wall,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    event_mix_free(mix);
    return 0;
}
