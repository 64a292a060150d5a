#ifndef CLERK_STORE_H
#define CLERK_STORE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/row.h"

/* The database behind one interface. Every call but store_open() may return three kinds of trouble:
 *
 * STATUS_UNAVAILABLE, the world: locked, full, read-only, gone. Roll back, keep the events, try
 * again later.
 *
 * STATUS_BAD_DATA, the data: this statement's values cannot be stored. The transaction can go on,
 * after store_rollback_to() where something else was written for the same event.
 *
 * STATUS_FATAL, the operator: corrupt file, not a database, replaced under us, schema of a newer
 * program.
 *
 * store_why() then has one line for the log. Nothing here logs. Not for two threads at once, and
 * never carried over fork(). All calls block. */

struct store;

enum store_delete_mode { STORE_DELETE_HARD, STORE_DELETE_SOFT };
enum store_outcome { STORE_APPLIED, STORE_STALE, STORE_IGNORED, STORE_DEAD, STORE_RETRYING };

enum { STORE_ERROR_MAX = 300, STORE_SCHEMA_VERSION = 1 };

struct store_conf {
    const char *url; /* sqlite:PATH, sqlite:///PATH, postgres://… or postgresql://… */
    enum store_delete_mode delete_mode;
    const volatile sig_atomic_t *stop; /* waits end when it becomes non-zero; NULL: never */
    bool beside_worker; /* on a thread beside the worker's own: waits for the writer's turn without
                           the alarm, which is the worker's, and for 3 s at most */
    bool is_copy; /* `migrate --to` alone: PostgreSQL is opened although a copy into it is under way
                   */
};

/* A row of webhook_events. */
struct store_ledger_row {
    struct slice svix_id, type, clerk_id, instance_id;
    int64_t event_at, received_at, processed_at;
    enum store_outcome outcome;
};

/* A row of dead_letters. */
struct store_dead_letter {
    struct slice svix_id, type, reason, body;
    int64_t attempts, received_at, failed_at;
};

/* The name stored in webhook_events.outcome: applied, stale, ignored, dead, retrying. */
const char *store_outcome_name(enum store_outcome outcome);

/* Names and versions of the database libraries at run time, for --version: "SQLite 3.40.1, libpq
 * 15.18". */
enum { STORE_LIBRARIES_MAX = 64 };
void store_libraries(char ret_text[STORE_LIBRARIES_MAX]);

/* For a process that writes much: to be called once, before its first thread and its first store.
 */
void store_start(void);

/* Opens the database and brings its schema up to STORE_SCHEMA_VERSION, each step in a transaction.
 * SQLite: creates the file where there is none (mode 0600) and checks that WAL is really on.
 * PostgreSQL: creates the schema that the URL names where there is none. STATUS_INVALID:
 * the URL is malformed or of a kind this build does not have. STATUS_UNAVAILABLE, STATUS_FATAL as
 * above (a missing directory is STATUS_FATAL). ret_why gets the reason of any failure. */
enum status store_open(const struct store_conf *conf, struct store **ret_store,
                       char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

/* Rolls back what is open, closes, frees. NULL is fine. */
void store_close(struct store *store);

/* The reason of the last failure, one line without values of the payload. Valid until the next
 * call. */
const char *store_why(const struct store *store);

/* --- one transaction: begin, any of the calls below, commit or rollback --- */

/* Waits for the writer's turn among all workers on this database, then begins. A free turn is taken
 * even when the stop flag is set; STATUS_STOPPED: it was set while another had the turn. A wait
 * ends early only by a signal whose handler was installed without SA_RESTART. */
enum status store_begin(struct store *store) MUST_CHECK;

/* Makes it durable (fsync) and gives the turn away. After a failure the transaction is rolled back.
 */
enum status store_commit(struct store *store) MUST_CHECK;

/* --- what a batch may add, for a database that is a network away --- */

/* One event that is going to be applied. */
struct store_plan {
    struct store_ledger_row ledger; /* as store_record() will get it */
    const struct row *row;          /* what it writes or deletes; NULL: nothing but the ledger */
    bool is_delete;
    size_t place; /* the caller's own number */
};

/* True when the database gains from store_plan(); otherwise do not call it. */
bool store_wants_plan(const struct store *store);

/* After store_begin(): announces the events of the transaction, and puts plans into the order in
 * which they should now be applied, one after the other: by object, and for one object as given, so
 * that two workers lock rows in the same order. From here to the end of the transaction
 * store_upsert() and what follows it may return STATUS_OK although the database has not answered
 * yet; store_settle() then tells. plans and all they point to are borrowed until the end of the
 * transaction. */
enum status store_plan(struct store *store, struct store_plan *plans, size_t count) MUST_CHECK;

/* Waits for the answers that are owed and calls fn with the place of each planned event whose
 * store_upsert() was STATUS_STALE after all; fn may call store_set_outcome(). To be called before
 * store_commit(); STATUS_BAD_DATA: one of the planned events cannot be stored, roll back and apply
 * them without a plan. Nothing to do without a plan. */
typedef enum status store_stale_fn(void *arg, size_t place);
enum status store_settle(struct store *store, store_stale_fn *fn, void *arg) MUST_CHECK;

/* Undoes the open transaction, if any, and gives the turn away. Never fails and leaves store_why()
 * alone. */
void store_rollback(struct store *store);

/* A point inside the transaction to which the work on one event can be undone. Not nested: each
 * store_savepoint() is ended by store_release(), also after store_rollback_to(), which undoes but
 * leaves the savepoint where it was, so that another try can be made. */
enum status store_savepoint(struct store *store) MUST_CHECK;
enum status store_release(struct store *store) MUST_CHECK;
enum status store_rollback_to(struct store *store) MUST_CHECK;

/* Inserts into the ledger; empty texts, and event_at and received_at of 0, become NULL.
 * STATUS_DUPLICATE: the svix_id is there already, nothing was changed. */
enum status store_record(struct store *store, const struct store_ledger_row *row) MUST_CHECK;

/* Changes the outcome of a ledger row inserted in this transaction. STATUS_NOT_FOUND: there is
 * none.
 */
enum status store_set_outcome(struct store *store, struct slice svix_id,
                              enum store_outcome outcome) MUST_CHECK;

/* Inserts or updates one object row under the guards: STATUS_STALE, and nothing changed, when the
 * row there has a greater (event_at, updated_at), NULL counting as 0; or, with STORE_DELETE_HARD,
 * when a tombstone stands for the object itself or for the user or organization of its table's
 * user_column and organization_column. With STORE_DELETE_SOFT such a row is written with the
 * tombstone's event_at as deleted_at (the smallest of several), so that history is kept and still
 * no delete is undone. */
enum status store_upsert(struct store *store, const struct row *row) MUST_CHECK;

/* Makes the child rows of parent_id in table exactly these: upserts each (never over a child with a
 * greater event_at), removes the others. To be called after the parent's store_upsert() was
 * STATUS_OK. */
enum status store_replace_children(struct store *store, const struct catalog_table *table,
                                   struct slice parent_id,
                                   const struct row_list *children) MUST_CHECK;

/* Writes a tombstone, and removes the row and all rows that go with it when the table is users or
 * organizations (or marks them in deleted_at, earliest time wins). STATUS_STALE: there was a
 * tombstone already; the smaller event_at is kept. */
enum status store_delete(struct store *store, const struct catalog_table *table,
                         struct slice clerk_id, int64_t event_at) MUST_CHECK;

/* Inserts a dead letter, or replaces the one with this svix_id. The body's exact bytes are kept,
 * whatever they are (a BLOB; the sqlite3 shell shows it as text). */
enum status store_bury(struct store *store, const struct store_dead_letter *letter) MUST_CHECK;

/* How a dead letter is tried again. An operator's store_reopen() marks the ledger row of a letter
 * that exists as `retrying`; once that is committed the event is put back into the stream; the
 * worker that gets it there finds its svix-id in the ledger, and store_take_retry() removes the
 * marked row and the letter in the transaction that applies the event (or buries it again).
 * Whatever dies or is away in between, the letter stays until then, and store_reopen() may be
 * repeated. STATUS_NOT_FOUND: there is no such letter (no such mark), nothing was changed. */
enum status store_reopen(struct store *store, struct slice svix_id, int64_t now_ms) MUST_CHECK;
enum status store_take_retry(struct store *store, struct slice svix_id) MUST_CHECK;

/* Removes a dead letter for good; its ledger row says `dead`, so that a copy still in the stream is
 * a duplicate. STATUS_NOT_FOUND: there is none. */
enum status store_drop_dead(struct store *store, struct slice svix_id) MUST_CHECK;

/* Counts lonely attempts at an event that is suspected of killing the process: +1, and *ret_count
 * is the new number. Belongs into a transaction of its own, committed before the attempt.
 * store_attempt_done() forgets the count. */
enum status store_attempt(struct store *store, struct slice svix_id, int64_t *ret_count) MUST_CHECK;
enum status store_attempt_done(struct store *store, struct slice svix_id) MUST_CHECK;

/* --- between transactions --- */

/* Removes at most limit ledger rows processed before before_ms, the oldest first, in a transaction
 * of its own. STATUS_STOPPED as store_begin(). */
enum status store_prune(struct store *store, int64_t before_ms, size_t limit,
                        size_t *ret_removed) MUST_CHECK;

/* What a worker shows of the database; cheap whatever the size of the ledger. */
struct store_signs {
    /* rows */
    int64_t dead_letters;
    /* received_at of the ledger row that was processed last; 0: none */
    int64_t last_event_ms;
};
enum status store_signs(struct store *store, struct store_signs *ret_signs) MUST_CHECK;

/* Housekeeping after commits: SQLite's checkpoint, when its log has grown by 16 MiB, and, where
 * idle is true and no other worker is at its turn, of whatever it holds. To be called after every
 * commit and whenever there was nothing to do; cheap when there is nothing. Readers that put a
 * checkpoint off are no error, nor is the stop flag. */
enum status store_maintain(struct store *store, bool idle) MUST_CHECK;

/* STATUS_OK when the file is the one that was opened and answers a trivial query. */
enum status store_ping(struct store *store) MUST_CHECK;

#endif
