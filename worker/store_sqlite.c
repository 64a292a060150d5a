#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/store_sqlite.h"

enum { TEXT_MAX_BYTES = 1024 * 1024 };

/* One setting of the connection, and what SQLite must answer (NULL: nothing). */
static const struct setting {
    const char *sql;
    const char *answer;
    const char *complaint;
} settings[] = {
    { "PRAGMA encoding", "UTF-8", "the database's encoding is not UTF-8" },
    /* of a new database; three rows of a user fit on a page, where one did on SQLite's 4096 */
    { "PRAGMA page_size = 8192", NULL, NULL },
    { "PRAGMA journal_mode = WAL", "wal",
      "write-ahead logging cannot be switched on: the file system does not support it (a network "
      "or host-shared folder?)" },
    { "PRAGMA synchronous = FULL", NULL, NULL }, /* an event is acked once it is on disk */
    { "PRAGMA wal_autocheckpoint = 0", "0", "the automatic checkpoint cannot be switched off" },
    { "PRAGMA journal_size_limit = 134217728", NULL,
      NULL }, /* what the log keeps when it starts over */
    { "PRAGMA foreign_keys = OFF", NULL, NULL },
    { "PRAGMA trusted_schema = OFF", NULL, NULL },
    { "PRAGMA temp_store = MEMORY", NULL, NULL },
    { "PRAGMA cache_size = -32768", NULL, NULL }, /* KiB */
};

static enum status apply_setting(struct store_sqlite *store, const struct setting *setting)
{
    struct sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(store->db, setting->sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    enum status st = STATUS_OK;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        st = store_sqlite_failed(store, code);
    const void *answer = code == SQLITE_ROW ? sqlite3_column_text(stmt, 0) : NULL;
    if (st == STATUS_OK && setting->answer && (!answer || strcmp(answer, setting->answer) != 0))
        st = store_sqlite_because(store, STATUS_FATAL, "%s", setting->complaint);
    (void)sqlite3_finalize(stmt);
    return st;
}

static enum status configure(struct store_sqlite *store)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < sizeof(settings) / sizeof(settings[0]); i++)
        st = apply_setting(store, &settings[i]);
    return st;
}

static enum status connect_database(struct store_sqlite *store)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(store->path, &store->db, flags, NULL);
    if (code != SQLITE_OK)
        return store_sqlite_failed(store, code);
    (void)sqlite3_busy_timeout(store->db, STORE_SQLITE_BUSY_MS);
    if (sqlite3_db_readonly(store->db, "main") == 1)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "the file is read-only");
    return store_sqlite_remember_file(store);
}

/* Looks before it changes anything: the file may be another application's. */
static enum status open_database(struct store_sqlite *store)
{
    enum status st = store_sqlite_create_file(store);
    if (st == STATUS_OK)
        st = connect_database(store);
    if (st == STATUS_OK)
        st = store_sqlite_check_schema(store);
    if (st == STATUS_OK)
        st = configure(store);
    if (st == STATUS_OK)
        st = store_sqlite_migrate(store);
    return st == STATUS_OK ? store_sqlite_watch_log(store) : st;
}

static enum status open_under_lock(struct store_sqlite *store)
{
    enum status st = store_sqlite_open_lock(store);
    if (st == STATUS_OK)
        st = store_sqlite_take_turn(store);
    if (st == STATUS_OK)
        st = open_database(store);
    store_lock_give(&store->lock);
    return st;
}

static struct store_sqlite *new_store(const struct store_conf *conf)
{
    struct store_sqlite *store = calloc(1, sizeof(*store));
    if (!store)
        return NULL;
    store->base.ops = &store_sqlite_ops;
    store->lock.fd = -1;
    store->lock.polls = conf->beside_worker;
    store->delete_mode = conf->delete_mode;
    store->stop = conf->stop;
    store->text = buf_make(TEXT_MAX_BYTES);
    store->of_table = calloc(catalog_table_count * (size_t)SQL_OF_TABLE_COUNT,
                             sizeof(*store->of_table));
    if (store->of_table)
        return store;
    free(store);
    return NULL;
}

enum status store_sqlite_open(const struct store_conf *conf, struct store **ret_store,
                              char ret_why[STORE_ERROR_MAX])
{
    struct store_sqlite *store = new_store(conf);
    if (!store) {
        snprintf(ret_why, STORE_ERROR_MAX, "out of memory");
        return STATUS_UNAVAILABLE;
    }
    enum status st = store_url_path(conf->url, store->path, store->base.why);
    if (st == STATUS_OK)
        st = open_under_lock(store);
    if (st == STATUS_OK) {
        *ret_store = &store->base;
        return st;
    }
    if (store->path[0] == '\0' || strstr(store->base.why, store->path))
        snprintf(ret_why, STORE_ERROR_MAX, "%s", store->base.why);
    else
        snprintf(ret_why, STORE_ERROR_MAX, "%.140s: %.150s", store->path, store->base.why);
    store_sqlite_close(&store->base);
    return st;
}

/* The last connection to close checkpoints and removes the log; not without the turn. Where the
 * file at our path is no longer the one we opened, SQLite leaves the log alone of itself. */
static void close_database(struct store_sqlite *store)
{
    if (!store_lock_try(&store->lock))
        (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int code = sqlite3_close(store->db);
    assert(code == SQLITE_OK); /* else a statement was not finalised */
    (void)code;
    store->db = NULL;
}

void store_sqlite_close(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    store_sqlite_rollback(&store->base);
    store_sqlite_forget_statements(store);
    if (store->db)
        close_database(store);
    store_lock_close(&store->lock);
    buf_release(&store->text);
    free(store->of_table);
    free(store);
}

enum status store_sqlite_ping(struct store *base)
{
    struct store_sqlite *store = store_sqlite_of(base);
    enum status st = store_sqlite_check_file(store);
    if (st != STATUS_OK)
        return st;
    struct call c = call_fixed(store, FIXED_PING);
    return call_run(&c);
}

/* An account of its memory, which nobody reads, costs SQLite two mutexes at every allocation. */
void store_sqlite_start(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* What is loaded may be newer than what this was built with. */
const char *store_sqlite_library(void)
{
    static const char compiled[] = "SQLite " SQLITE_VERSION;
    return strcmp(sqlite3_libversion(), SQLITE_VERSION) == 0 ? compiled : sqlite3_libversion();
}

const struct store_ops store_sqlite_ops = {
    .close = store_sqlite_close,
    .begin = store_sqlite_begin,
    .commit = store_sqlite_commit,
    .rollback = store_sqlite_rollback,
    .savepoint = store_sqlite_savepoint,
    .release = store_sqlite_release,
    .rollback_to = store_sqlite_rollback_to,
    .record = store_sqlite_record,
    .set_outcome = store_sqlite_set_outcome,
    .upsert = store_sqlite_upsert,
    .replace_children = store_sqlite_replace_children,
    .delete = store_sqlite_delete,
    .bury = store_sqlite_bury,
    .reopen = store_sqlite_reopen,
    .take_retry = store_sqlite_take_retry,
    .drop_dead = store_sqlite_drop_dead,
    .attempt = store_sqlite_attempt,
    .attempt_done = store_sqlite_attempt_done,
    .prune = store_sqlite_prune,
    .signs = store_sqlite_signs,
    .maintain = store_sqlite_maintain,
    .ping = store_sqlite_ping,
    .count = store_sqlite_count,
    .each_type = store_sqlite_each_type,
    .each_dead_letter = store_sqlite_each_dead_letter,
    .one_dead_letter = store_sqlite_one_dead_letter,
    .recent = store_sqlite_recent,
    .find_event = store_sqlite_find_event,
    .each_event_of = store_sqlite_each_event_of,
    .find_object = store_sqlite_find_object,
    .find_tombstone = store_sqlite_find_tombstone,
    .compare_row = store_sqlite_compare_row,
    .compare_children = store_sqlite_compare_children,
};
