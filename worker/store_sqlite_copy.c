#define _GNU_SOURCE /* for F_SETLEASE */
#include "worker/store_sqlite_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>

#include "worker/store_sqlite.h"

enum { SQL_MAX_BYTES = 4096 };

/* --- opening --- */

/* Every program that writes keeps the lock's file open, also between its turns. The kernel grants a
 * lease for writing only where nobody else has the file open; it is given back at once. Whoever
 * opens the file in between waits for that, and we get a signal. */
static bool is_open_elsewhere(int fd)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction before;
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGIO, &ignore, &before);
    bool is_alone = fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
    bool is_refused = !is_alone && (errno == EAGAIN || errno == EBUSY);
    if (is_alone)
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    (void)sigaction(SIGIO, &before, NULL);
    return is_refused;
}

static enum status lock_out_writers(struct store_sqlite *store)
{
    enum status st = store_sqlite_open_lock(store);
    if (st != STATUS_OK)
        return st;
    if (is_open_elsewhere(store->lock.fd))
        return store_sqlite_because(store, STATUS_UNAVAILABLE,
                                    "another program has the database open to write; stop all "
                                    "workers first");
    return store_sqlite_take_turn(store);
}

/* The snapshot begins with the first read. */
static enum status begin_snapshot(struct store_sqlite *store)
{
    enum status st = store_sqlite_exec(store, "BEGIN");
    return st == STATUS_OK ? store_sqlite_exec(store, "SELECT 1 FROM tombstones LIMIT 1") : st;
}

enum status store_sqlite_copy_open(const char *url, bool only_looks, struct store **ret_store,
                                   char ret_why[STORE_ERROR_MAX])
{
    struct store *base = NULL;
    enum status st = store_sqlite_open_to_read(url, &base, ret_why);
    if (st != STATUS_OK)
        return st;
    struct store_sqlite *store = store_sqlite_of(base);
    if (!only_looks)
        st = lock_out_writers(store);
    if (st == STATUS_OK)
        st = begin_snapshot(store);
    if (st == STATUS_OK) {
        *ret_store = base;
        return st;
    }
    snprintf(ret_why, STORE_ERROR_MAX, "%.140s: %.150s", store->path, base->why);
    store_close(base);
    return st;
}

/* --- reading --- */

static enum status prepare(struct store_sqlite *store, struct buf *sql, sqlite3_stmt **ret_stmt)
{
    if (buf_status(sql) != STATUS_OK)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    int code = sqlite3_prepare_v2(store->db, buf_text(sql), -1, ret_stmt, NULL);
    return code == SQLITE_OK ? STATUS_OK : store_sqlite_failed(store, code);
}

enum status store_sqlite_copy_mark(struct store *base, const struct move_table *table,
                                   struct move_mark *ret_mark)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct buf sql = buf_make(SQL_MAX_BYTES);
    sqlite3_stmt *stmt = NULL;
    buf_printf(&sql, "SELECT (SELECT count(*) FROM %s), (SELECT max(%s) FROM %s)", table->name,
               table->mark, table->name);
    enum status st = prepare(store, &sql, &stmt);
    int code = st == STATUS_OK ? sqlite3_step(stmt) : SQLITE_OK;
    if (code == SQLITE_ROW)
        *ret_mark = (struct move_mark){ sqlite3_column_int64(stmt, 0),
                                        sqlite3_column_int64(stmt, 1) };
    else if (st == STATUS_OK)
        st = store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    buf_release(&sql);
    return st;
}

static struct value value_at(sqlite3_stmt *stmt, int column)
{
    int type = sqlite3_column_type(stmt, column);
    if (type == SQLITE_NULL)
        return (struct value){ .kind = VALUE_NULL };
    if (type == SQLITE_INTEGER)
        return (struct value){ .kind = VALUE_INT, .number = sqlite3_column_int64(stmt, column) };
    const char *bytes = sqlite3_column_blob(stmt, column);
    size_t len = (size_t)sqlite3_column_bytes(stmt, column);
    return (struct value){ .kind = VALUE_TEXT, .text = { bytes, len } };
}

static enum status take_row(struct store_sqlite *store, sqlite3_stmt *stmt,
                            struct move_portion *portion)
{
    for (size_t i = 0; i < portion->table->column_count; i++)
        if (move_portion_set(portion, i, value_at(stmt, (int)i)) != STATUS_OK)
            return store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    portion->row_count++;
    return STATUS_OK;
}

/* Without a key behind the smallest there can be, it included. */
static enum status prepare_behind(struct store_sqlite *store, const struct move_table *table,
                                  const struct move_key *after, sqlite3_stmt **ret_stmt)
{
    const char *key = table->columns[0].name;
    struct buf sql = buf_make(SQL_MAX_BYTES);
    buf_printf(&sql, "SELECT ");
    move_table_list(table, &sql);
    buf_printf(&sql, " FROM %s WHERE %s %s ?1 ORDER BY %s LIMIT %d", table->name, key,
               after->is_set ? ">" : ">=", key, MOVE_ROWS_MAX);
    enum status st = prepare(store, &sql, ret_stmt);
    buf_release(&sql);
    if (st != STATUS_OK)
        return st;
    if (table->columns[0].type == SQL_INTEGER)
        (void)sqlite3_bind_int64(*ret_stmt, 1, after->is_set ? after->value.number : INT64_MIN);
    else
        (void)sqlite3_bind_text64(*ret_stmt, 1, after->text ? after->text : "",
                                  after->value.text.len, SQLITE_STATIC, SQLITE_UTF8);
    return STATUS_OK;
}

enum status store_sqlite_copy_read(struct store *base, const struct move_table *table,
                                   const struct move_key *after, struct move_portion *ret_portion)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct move_portion portion = { 0 };
    sqlite3_stmt *stmt = NULL;
    int code = SQLITE_ROW;
    enum status st = prepare_behind(store, table, after, &stmt);
    if (st == STATUS_OK && move_portion_begin(table, &portion) != STATUS_OK)
        st = store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    while (st == STATUS_OK && !move_portion_is_full(&portion) &&
           (code = sqlite3_step(stmt)) == SQLITE_ROW)
        st = take_row(store, stmt, &portion);
    if (st == STATUS_OK && code != SQLITE_ROW && code != SQLITE_DONE)
        st = store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    if (st == STATUS_OK)
        *ret_portion = portion;
    else
        move_portion_release(&portion);
    return st;
}
