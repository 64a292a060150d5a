#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/store_read.h"
#include "worker/store_sqlite.h"

enum { TEXT_MAX_BYTES = 64 * 1024 };

/* A statement that is prepared for one use: nothing here runs often. */
static enum status prepare(struct store_sqlite *store, const char *sql, sqlite3_stmt **ret_stmt)
{
    int code = sqlite3_prepare_v2(store->db, sql, -1, ret_stmt, NULL);
    return code == SQLITE_OK ? STATUS_OK : store_sqlite_failed(store, code);
}

static struct slice text_at(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_blob(stmt, column);
    return (struct slice){ text, (size_t)sqlite3_column_bytes(stmt, column) };
}

/* The result of a loop of sqlite3_step() that ended with code. */
static enum status end(struct store_sqlite *store, sqlite3_stmt *stmt, int code)
{
    enum status st = code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                               : store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    return st;
}

/* --- opening --- */

static enum status connect_to_read(struct store_sqlite *store)
{
    struct stat file;
    if (stat(store->path, &file) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return store_sqlite_because(store, STATUS_NOT_FOUND, "there is no database yet");
    /* All connections of a process share one mapping of the log's index. Made now it could not be
     * written, and the worker's own connection could not write after the cure while we stay. */
    if (access(store->path, W_OK) != 0 && errno == EROFS)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "%s", strerror(EROFS));
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(store->path, &store->db, flags, NULL);
    if (code != SQLITE_OK)
        return store_sqlite_failed(store, code);
    (void)sqlite3_busy_timeout(store->db, STORE_SQLITE_BUSY_MS);
    enum status st = store_sqlite_exec(store, "PRAGMA trusted_schema = OFF");
    return st == STATUS_OK ? store_sqlite_remember_file(store) : st;
}

static enum status check_installed(struct store_sqlite *store)
{
    sqlite3_stmt *stmt = NULL;
    int64_t version = 0;
    enum status st = store_sqlite_check_schema(store);
    if (st == STATUS_OK)
        st = prepare(store, "PRAGMA user_version", &stmt);
    if (st != STATUS_OK)
        return st;
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        version = sqlite3_column_int64(stmt, 0);
    st = end(store, stmt, code);
    if (st == STATUS_OK && version == 0)
        return store_sqlite_because(store, STATUS_NOT_FOUND, "the database has no tables yet");
    return st;
}

enum status store_sqlite_open_to_read(const char *url, struct store **ret_store,
                                      char ret_why[STORE_ERROR_MAX])
{
    struct store_sqlite *store = calloc(1, sizeof(*store));
    if (!store) {
        snprintf(ret_why, STORE_ERROR_MAX, "out of memory");
        return STATUS_UNAVAILABLE;
    }
    store->base.ops = &store_sqlite_ops;
    store->text = buf_make(TEXT_MAX_BYTES);
    store->lock.fd = -1; /* and so store_close() leaves the log to the workers */
    enum status st = store_url_path(url, store->path, store->base.why);
    if (st == STATUS_OK)
        st = connect_to_read(store);
    if (st == STATUS_OK)
        st = check_installed(store);
    if (st == STATUS_OK) {
        *ret_store = &store->base;
        return st;
    }
    snprintf(ret_why, STORE_ERROR_MAX, "%.140s%s%.150s", store->path, store->path[0] ? ": " : "",
             store->base.why);
    store_sqlite_close(&store->base);
    return st;
}

/* --- counting --- */

enum status store_sqlite_count(struct store *base, int64_t recent_ms,
                               struct store_counts *ret_counts)
{
    struct store_sqlite *store = store_sqlite_of(base);
    static const char sql[] =
        "SELECT (SELECT user_version FROM pragma_user_version), count(*), "
        "(SELECT count(*) FROM webhook_events WHERE processed_at >= ?1), "
        "(SELECT max(processed_at) FROM webhook_events), (SELECT count(*) FROM dead_letters), "
        "(SELECT max(failed_at) FROM dead_letters) FROM webhook_events";
    struct store_counts counts = { .log_bytes = store_sqlite_log_bytes(store) };
    struct stat file;
    sqlite3_stmt *stmt = NULL;
    enum status st = prepare(store, sql, &stmt);
    if (st != STATUS_OK)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, recent_ms);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        counts.schema_version = sqlite3_column_int64(stmt, 0);
        counts.ledger_rows = sqlite3_column_int64(stmt, 1);
        counts.ledger_recent = sqlite3_column_int64(stmt, 2);
        counts.last_processed_ms = sqlite3_column_int64(stmt, 3);
        counts.dead_letters = sqlite3_column_int64(stmt, 4);
        counts.last_dead_ms = sqlite3_column_int64(stmt, 5);
    }
    st = end(store, stmt, code);
    if (stat(store->path, &file) == 0)
        counts.file_bytes = (int64_t)file.st_size;
    if (st == STATUS_OK)
        *ret_counts = counts;
    return st;
}

enum status store_sqlite_each_type(struct store *base, store_type_fn *fn, void *arg)
{
    struct store_sqlite *store = store_sqlite_of(base);
    static const char sql[] =
        "SELECT type, max(processed_at) AS last, count(*) FROM (SELECT type, processed_at FROM "
        "webhook_events ORDER BY processed_at DESC LIMIT ?1) GROUP BY type ORDER BY last DESC, "
        "type";
    sqlite3_stmt *stmt = NULL;
    enum status st = prepare(store, sql, &stmt);
    if (st != STATUS_OK)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, STORE_TYPES_WINDOW);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        fn(arg, text_at(stmt, 0), sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2));
    return end(store, stmt, code);
}

/* --- dead letters --- */

#define LETTER_COLUMNS "svix_id, type, reason, attempts, body, received_at, failed_at"

static struct store_dead_letter letter_of(sqlite3_stmt *stmt)
{
    return (struct store_dead_letter){
        .svix_id = text_at(stmt, 0),
        .type = text_at(stmt, 1),
        .reason = text_at(stmt, 2),
        .attempts = sqlite3_column_int64(stmt, 3),
        .body = text_at(stmt, 4),
        .received_at = sqlite3_column_int64(stmt, 5),
        .failed_at = sqlite3_column_int64(stmt, 6),
    };
}

static void bind_text(sqlite3_stmt *stmt, int which, struct slice text)
{
    (void)sqlite3_bind_text64(stmt, which, text.len ? text.ptr : "", text.len, SQLITE_STATIC,
                              SQLITE_UTF8);
}

enum status store_sqlite_each_dead_letter(struct store *base, const struct store_dead_place *after,
                                          int64_t until_ms, store_dead_fn *fn, void *arg)
{
    struct store_sqlite *store = store_sqlite_of(base);
    static const char sql[] = "SELECT " LETTER_COLUMNS
                              " FROM dead_letters WHERE (failed_at, svix_id) > (?1, ?2) "
                              "AND failed_at <= ?3 ORDER BY failed_at, svix_id";
    sqlite3_stmt *stmt = NULL;
    enum status st = prepare(store, sql, &stmt);
    if (st != STATUS_OK)
        return st;
    (void)sqlite3_bind_int64(stmt, 1, after->failed_at);
    bind_text(stmt, 2, after->svix_id);
    (void)sqlite3_bind_int64(stmt, 3, until_ms);
    int code;
    bool goes_on = true;
    while (goes_on && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct store_dead_letter letter = letter_of(stmt);
        goes_on = fn(arg, &letter);
    }
    return end(store, stmt, goes_on ? code : SQLITE_DONE);
}

enum status store_sqlite_one_dead_letter(struct store *base, struct slice svix_id,
                                         store_dead_fn *fn, void *arg)
{
    struct store_sqlite *store = store_sqlite_of(base);
    static const char sql[] = "SELECT " LETTER_COLUMNS " FROM dead_letters WHERE svix_id = ?1";
    sqlite3_stmt *stmt = NULL;
    enum status st = prepare(store, sql, &stmt);
    if (st != STATUS_OK)
        return st;
    bind_text(stmt, 1, svix_id);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        struct store_dead_letter letter = letter_of(stmt);
        (void)fn(arg, &letter);
    }
    st = end(store, stmt, code);
    return st == STATUS_OK && code == SQLITE_DONE ? STATUS_NOT_FOUND : st;
}
