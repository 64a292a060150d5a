#ifndef CLERK_STORE_SQLITE_H
#define CLERK_STORE_SQLITE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "worker/sql.h"
#include "worker/store_lock.h"
#include "worker/store_ops.h"

struct sqlite3;
struct sqlite3_stmt;

/* What the parts of the SQLite store share; nobody else includes this. The parts: store_sqlite.c
 * opens and closes, _schema brings the tables up to date, _file looks after the files, _call
 * prepares and runs statements, _turn holds transactions and checkpoints, _rows the object tables,
 * _ledger the tables of our own, _dead what an operator does to dead letters,
 * _read and _compare look in from outside, _error judges SQLite's codes. */

/* The statements that belong to no table of the catalog; their text and the order of their
 * parameters are in store_sqlite_call.c. */
enum fixed {
    /* Transactions and the savepoint of one event. */
    FIXED_BEGIN,
    FIXED_COMMIT,
    FIXED_SAVEPOINT,
    FIXED_RELEASE,
    FIXED_ROLLBACK_TO,
    FIXED_PING,
    /* The ledger, webhook_events. */
    FIXED_RECORD,
    FIXED_SET_OUTCOME,
    FIXED_PRUNE,
    /* Dead letters: written by the worker, reopened and dropped by an operator. */
    FIXED_BURY,
    FIXED_REOPEN,
    FIXED_TAKE_RETRY,
    FIXED_END_RETRY,
    FIXED_DROP_DEAD,
    /* Lonely attempts, worker_attempts. */
    FIXED_ATTEMPT,
    FIXED_ATTEMPT_DONE,
    /* Tombstones. */
    FIXED_TOMBSTONE_FIND,
    FIXED_TOMBSTONE_ADD,
    FIXED_TOMBSTONE_LOWER,
    /* What store_signs() asks. */
    FIXED_COUNT_DEAD,
    FIXED_LAST_EVENT,
    FIXED_COUNT
};

/* Other programs may hold SQLite's lock for so long; our own processes wait for their turn. */
enum { STORE_SQLITE_BUSY_MS = 1000, REMEMBERED_ID_MAX = 255 };

struct store_sqlite {
    /* first: a store is one of these */
    struct store base;
    /* NULL: not open (yet) */
    struct sqlite3 *db;
    char path[STORE_PATH_MAX + 1];
    /* the writer's turn; its fd is -1 in a store that only reads */
    struct store_lock lock;
    enum store_delete_mode delete_mode;
    /* borrowed from store_conf; NULL: waits are never cut short */
    const volatile sig_atomic_t *stop;
    /* which file was opened, to notice that it was replaced */
    dev_t device;
    ino_t inode;
    /* between store_begin() and its end; SQLite may have rolled back by itself meanwhile */
    bool in_transaction;
    /* in the write-ahead log after our last commit, all processes' together */
    int log_pages;
    /* so many are worth a checkpoint, and from here on the next one is worth trying */
    int checkpoint_pages;
    int checkpoint_at_pages;
    /* prepared at first use, kept until store_close(); NULL: not yet */
    struct sqlite3_stmt *fixed[FIXED_COUNT];
    /* catalog_table_count * SQL_OF_TABLE_COUNT of them, likewise */
    struct sqlite3_stmt **of_table;
    /* scratch for SQL and JSON; keeps its memory */
    struct buf text;
    /* the object that the last upsert inserted, which cannot have children yet; length 0: none */
    size_t new_id_len;
    char new_id[REMEMBERED_ID_MAX];
};

static inline struct store_sqlite *store_sqlite_of(struct store *base)
{
    return (struct store_sqlite *)base;
}

/* --- what store.c calls: the contracts are in store.h, store_read.h and store_find.h --- */

extern const struct store_ops store_sqlite_ops;
const char *store_sqlite_library(void);
void store_sqlite_start(void);
enum status store_sqlite_open(const struct store_conf *conf, struct store **ret_store,
                              char ret_why[STORE_ERROR_MAX]) MUST_CHECK;
enum status store_sqlite_open_to_read(const char *url, struct store **ret_store,
                                      char ret_why[STORE_ERROR_MAX]) MUST_CHECK;
store_end_fn store_sqlite_close, store_sqlite_rollback;
store_step_fn store_sqlite_begin, store_sqlite_commit, store_sqlite_savepoint, store_sqlite_release,
    store_sqlite_rollback_to, store_sqlite_ping;
store_record_fn store_sqlite_record;
store_set_outcome_fn store_sqlite_set_outcome;
store_upsert_fn store_sqlite_upsert;
store_replace_children_fn store_sqlite_replace_children;
store_delete_fn store_sqlite_delete;
store_bury_fn store_sqlite_bury;
store_reopen_fn store_sqlite_reopen;
store_on_event_fn store_sqlite_take_retry, store_sqlite_drop_dead, store_sqlite_attempt_done;
store_attempt_fn store_sqlite_attempt;
store_prune_fn store_sqlite_prune;
store_signs_fn store_sqlite_signs;
store_maintain_fn store_sqlite_maintain;
store_count_fn store_sqlite_count;
store_each_type_fn store_sqlite_each_type;
store_each_dead_letter_fn store_sqlite_each_dead_letter;
store_one_dead_letter_fn store_sqlite_one_dead_letter;
store_recent_fn store_sqlite_recent;
store_find_events_fn store_sqlite_find_event, store_sqlite_each_event_of;
store_find_object_fn store_sqlite_find_object;
store_find_tombstone_fn store_sqlite_find_tombstone;
store_compare_row_fn store_sqlite_compare_row;
store_compare_children_fn store_sqlite_compare_children;

/* --- store_sqlite_error.c --- */

/* The kind of trouble behind an (extended) SQLite result code, never STATUS_OK. */
enum status store_sqlite_classify(int code);

/* Judges a failed call: keeps SQLite's message and code for store_why() and returns the kind. */
enum status store_sqlite_failed(struct store_sqlite *store, int code);

/* Keeps why for store_why() and returns st. */
enum status store_sqlite_because(struct store_sqlite *store, enum status st, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

/* --- store_sqlite_call.c --- */

/* One run of a prepared statement. Parameters are given in their order; the first failure sticks
 * and comes back from call_run(), so that nothing in between needs a look. What is bound is
 * borrowed until then. */
struct call {
    struct store_sqlite *store;
    /* NULL: it could not be prepared, status says why */
    struct sqlite3_stmt *stmt;
    enum status status;
    /* number of the next parameter, from 1 */
    int next;
    /* SQLite's, of the first parameter that it refused */
    int code;
};

/* Starts a call of a fixed statement, or of one that exists for each table; prepares it the first
 * time it is used. Each call is to be ended by call_run() or call_run_for(): two of the same
 * statement at once are one. */
struct call call_fixed(struct store_sqlite *store, enum fixed which);
struct call call_of_table(struct store_sqlite *store, const struct catalog_table *table,
                          enum sql_of_table which);

/* Gives the next parameter: a text (with _or_null: an empty one is NULL), bytes as a BLOB, a number
 * (with _or_null: 0 is NULL), or a value of any kind. */
void call_text(struct call *c, struct slice text);
void call_text_or_null(struct call *c, struct slice text);
void call_bytes(struct call *c, struct slice bytes);
void call_int(struct call *c, int64_t number);
void call_int_or_null(struct call *c, int64_t number);
void call_value(struct call *c, const struct value *value);

/* Runs to the end, resets, forgets the parameters. A row's first number, if there is a row and it
 * is not NULL, goes to *ret_number and *ret_found becomes true; both may be NULL. Where a
 * transaction should be open but SQLite has undone it on its own (full disk), nothing is run:
 * STATUS_UNAVAILABLE. */
enum status call_run_for(struct call *c, int64_t *ret_number, bool *ret_found) MUST_CHECK;
enum status call_run(struct call *c) MUST_CHECK;

/* Rows changed by the call that ran last. */
int64_t call_changes(const struct store_sqlite *store);

/* Finalises all statements. */
void store_sqlite_forget_statements(struct store_sqlite *store);

/* --- store_sqlite_file.c --- */

/* Creates the database file with mode 0600 where there is none. STATUS_FATAL: its directory is
 * missing, or there is something that is no file. */
enum status store_sqlite_create_file(struct store_sqlite *store) MUST_CHECK;

/* Opens the lock file beside it; statuses as above. */
enum status store_sqlite_open_lock(struct store_sqlite *store) MUST_CHECK;

/* Remembers which file it is; then tells whether it still is that one (STATUS_FATAL: replaced or
 * removed). */
enum status store_sqlite_remember_file(struct store_sqlite *store) MUST_CHECK;
enum status store_sqlite_check_file(struct store_sqlite *store) MUST_CHECK;

/* Size of the write-ahead log, 0 when there is none. */
int64_t store_sqlite_log_bytes(const struct store_sqlite *store);

/* --- store_sqlite_schema.c --- */

/* Reads only: STATUS_FATAL when the schema is of a newer program, when tables of ours are missing,
 * or when a table with one of our names stands in a database where we never installed ours. */
enum status store_sqlite_check_schema(struct store_sqlite *store) MUST_CHECK;

/* Brings the schema up to STORE_SCHEMA_VERSION, each step in a transaction. The turn must be held.
 */
enum status store_sqlite_migrate(struct store_sqlite *store) MUST_CHECK;

/* Runs sql, which returns nothing of interest. */
enum status store_sqlite_exec(struct store_sqlite *store, const char *sql) MUST_CHECK;

/* --- store_sqlite_turn.c --- */

/* From now on keeps store->log_pages. Takes the place of SQLite's automatic checkpoint, which would
 * run inside somebody's COMMIT. */
enum status store_sqlite_watch_log(struct store_sqlite *store) MUST_CHECK;

/* Takes the writer's turn. STATUS_STOPPED as store_begin(). */
enum status store_sqlite_take_turn(struct store_sqlite *store) MUST_CHECK;

#endif
