#ifndef CLERK_STORE_POSTGRES_PARTS_H
#define CLERK_STORE_POSTGRES_PARTS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "worker/catalog.h"
#include "worker/sql.h"
#include "worker/store_postgres_calls.h"
#include "worker/store_postgres_plan.h"
#include "worker/store_url.h"

struct pg_conn;
struct pg_result;

/* What the parts of the PostgreSQL store share; nobody else includes this. The parts:
 * store_postgres.c opens and closes, _link holds the connection, _session its settings, _call sends
 * statements, _answer reads answers, _text has the statements, _schema brings the tables up to
 * date, _turn holds transactions, _plan looks ahead, _flow follows the plan, _rows writes the
 * object tables, _many so that rows share a statement, _delete deletes from them, _ledger the
 * tables of our own, _read and _compare look in, _error judges SQLSTATEs.
 *
 * The connection is in libpq's pipeline mode all the time: a statement is sent, and its answer is
 * owed until somebody needs one (pg_settle_all()). What needs no answer costs no round trip. */

/* The statements that belong to no table of the catalog; text in store_postgres_text.c. */
enum pg_fixed {
    /* Transactions, the savepoint of one event, and the turn among all workers. */
    PG_BEGIN,
    PG_COMMIT,
    PG_SAVEPOINT,
    PG_RELEASE,
    PG_ROLLBACK_TO,
    PG_PING,
    PG_TURN,
    PG_TURN_SHARED,
    /* The ledger; the two _MANY take arrays, for the events of a plan. */
    PG_RECORD,
    PG_RECORD_MANY,
    PG_RETRYING_MANY,
    PG_SET_OUTCOME,
    PG_PRUNE,
    /* Dead letters: written by the worker, reopened and dropped by an operator. */
    PG_BURY,
    PG_REOPEN,
    PG_TAKE_RETRY,
    PG_END_RETRY,
    PG_DROP_DEAD,
    /* Lonely attempts, worker_attempts. */
    PG_ATTEMPT,
    PG_ATTEMPT_DONE,
    /* Tombstones; _MANY again takes an array. */
    PG_TOMBSTONE_FIND,
    PG_TOMBSTONE_FIND_MANY,
    PG_TOMBSTONE_ADD,
    PG_TOMBSTONE_LOWER,
    /* What store_signs() asks. */
    PG_COUNT_DEAD,
    PG_LAST_EVENT,
    PG_FIXED_COUNT
};

/* The text of a statement, a constant. */
const char *pg_fixed_text(enum pg_fixed which);

struct store_postgres;

/* An answer that is owed. */
struct pg_owed {
    pg_answer_fn *fn; /* NULL: only its failure matters */
    size_t place;
    /* it is a PREPARE: becomes false when that failed; else NULL */
    bool *prepared;
    /* the answer goes to store->kept */
    bool is_kept;
};

enum { PG_OWED_MAX = 1024 };

/* A statement for a table of the catalog: its text, made when it is first used (NULL before), and
 * whether this connection has it under its name. */
struct pg_statement {
    char *text;
    bool is_prepared;
};

struct store_postgres {
    /* first: a store is one of these */
    struct store base;
    struct store_address address;
    bool reads_only;
    /* the address names several hosts */
    bool has_choice;
    /* see store_conf */
    bool is_copy;
    enum store_delete_mode delete_mode;
    /* borrowed from store_conf; NULL: waits are never cut short */
    const volatile sig_atomic_t *stop;
    struct pg_conn *conn; /* NULL: to be made anew */
    /* between store_begin() and its end, with or without the turn; pg_take_turn() sees to it */
    bool in_transaction;
    bool has_turn;
    bool waits_for_turn; /* it is asked for, and not answered yet */
    /* the last upsert that was answered at once inserted; its id, while the caller's row lives */
    bool is_new;
    struct slice new_id;
    /* of the open transaction, until it is rolled back */
    enum status failed;
    /* whoever does not answer soon is gone; a pooler keeps us waiting while its server is away */
    bool is_asking_briefly;
    /* answers that are owed, in the order in which they will come */
    struct pg_owed owed[PG_OWED_MAX];
    size_t owed_count;
    /* the answer that was asked for */
    struct pg_result *kept;
    /* Between us and the server stands a pooler that may give each transaction another session:
     * every transaction brings its settings along. is_unnamed: nor is anything prepared.
     * was_pooled: a statement was not where we left it, so no later connection relies on names. */
    bool is_pooled;
    bool is_unnamed;
    bool was_pooled;
    bool has_lz4;
    /* which statements this connection has; of_table: catalog_table_count * SQL_OF_TABLE_COUNT of
     * them */
    bool fixed_prepared[PG_FIXED_COUNT];
    struct pg_statement *of_table;
    struct pg_plan plan;
    /* scratch for SQL, JSON and arrays; keeps its memory */
    struct buf text;
};

static inline struct store_postgres *store_postgres_of(struct store *base)
{
    return (struct store_postgres *)base;
}

/* --- store_postgres_error.c --- */

/* The kind of trouble behind a SQLSTATE, never STATUS_OK. NULL and "" (the connection is gone):
 * STATUS_UNAVAILABLE. */
enum status pg_classify(const char *sqlstate);

/* True when nothing more can come over the connection that gave this SQLSTATE, or nothing good: the
 * server is going down, or has become read-only. */
bool pg_ends_connection(const char *sqlstate);

/* True when a function of the database's owner raised it: the message is in his words then, and may
 * hold values of the payload. */
bool pg_is_raised(const char *sqlstate);

/* True when a statement has lost its name, or finds it taken: only a pooler does that. */
bool pg_tells_of_pooler(const char *sqlstate);

/* Keeps why for store_why(), on one line, and returns st. */
enum status pg_because(struct store_postgres *store, enum status st, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- store_postgres_link.c --- */

/* Connects where there is no connection, and sets the session up. STATUS_UNAVAILABLE, STATUS_FATAL:
 * store->base.why says why; STATUS_STOPPED: the stop flag was seen. */
enum status pg_connect(struct store_postgres *store) MUST_CHECK;

/* Ends the connection; everything prepared or owed is forgotten. */
void pg_disconnect(struct store_postgres *store);

/* Waits until the connection can be read (or written, with for_writing) or timeout_ms are over.
 * False: the time is over. Signals do not end it early. */
bool pg_wait(struct store_postgres *store, bool for_writing, int timeout_ms);

/* --- store_postgres_session.c --- */

/* For a new connection: finds out whether a pooler stands in between, and makes the settings if
 * not. STATUS_UNAVAILABLE also where we write and the server does not let us. */
enum status pg_open_session(struct store_postgres *store) MUST_CHECK;

/* Behind a pooler: sends the settings for the transaction that begins with this statement. */
enum status pg_set_locally(struct store_postgres *store) MUST_CHECK;

/* --- store_postgres_call.c --- */

enum { PG_PARAMETERS_MAX = 40 };

/* One run of a statement. Parameters are given in their order; all travel in PostgreSQL's binary
 * form, so that texts need no NUL and none is cut short at one. What is given is borrowed until the
 * call is sent. */
struct pg_call {
    struct store_postgres *store;
    const char *sql; /* NULL: the prepared statement name; borrowed */
    char name[24];
    int count;
    enum status status; /* of preparing */
    const char *values[PG_PARAMETERS_MAX];
    int lengths[PG_PARAMETERS_MAX];
    char numbers[PG_PARAMETERS_MAX][8];
};

/* Starts a call; prepares the statement the first time it is used, unless is_unnamed.
 * pg_call_once() never does. */
struct pg_call pg_call_fixed(struct store_postgres *store, enum pg_fixed which);
struct pg_call pg_call_of_table(struct store_postgres *store, const struct catalog_table *table,
                                enum sql_of_table which);
struct pg_call pg_call_once(struct store_postgres *store, const char *sql);

/* Gives the next parameter, a text; with _or_null an empty one is NULL. */
void pg_text(struct pg_call *c, struct slice text);
void pg_text_or_null(struct pg_call *c, struct slice text);

/* The type of an event that may be anybody's: NULL (and empty) where PostgreSQL would not take it
 * for text. */
struct slice pg_clean_type(struct slice type);
void pg_type(struct pg_call *c, struct slice type);

/* Likewise a number (with _or_null 0 is NULL), and a value of any kind. */
void pg_int(struct pg_call *c, int64_t number);
void pg_int_or_null(struct pg_call *c, int64_t number);
void pg_value(struct pg_call *c, const struct value *value);

/* Sends the call and leaves its answer owed; fn may be NULL. */
enum status pg_send(struct pg_call *c, pg_answer_fn *fn, size_t place) MUST_CHECK;

/* For the settings themselves: sends the call with nothing before it. */
enum status pg_send_first(struct pg_call *c) MUST_CHECK;

/* Sends the call and waits for its answer and all that are owed before it. The answer is in
 * store->kept until the next call. */
enum status pg_ask(struct pg_call *c) MUST_CHECK;

/* As pg_ask(); *ret_changed is the number of rows changed, and may be NULL. */
enum status pg_run(struct pg_call *c, int64_t *ret_changed) MUST_CHECK;

/* --- store_postgres_answer.c --- */

/* The connection is gone, or shall be: ends it. Always STATUS_UNAVAILABLE. */
enum status pg_gone(struct store_postgres *store);

/* Waits for all answers that are owed. The first failure in a transaction sticks to it. */
enum status pg_settle_all(struct store_postgres *store) MUST_CHECK;

/* Reading an answer; a number that is NULL is 0, a text that is NULL is empty. */
size_t pg_rows(const struct pg_result *answer);
bool pg_is_null(const struct pg_result *answer, size_t row, int column);
int64_t pg_number(const struct pg_result *answer, size_t row, int column);
struct slice pg_slice(const struct pg_result *answer, size_t row, int column);

/* --- store_postgres_text.c: arrays in PostgreSQL's binary form, as one parameter --- */

/* Appends to out the head of an array of count texts (or of numbers), to be followed by so many
 * elements. */
void pg_array_begin(struct buf *out, bool is_numbers, size_t count);
void pg_array_text(struct buf *out, struct slice text, bool empty_is_null);
void pg_array_number(struct buf *out, int64_t number, bool zero_is_null);
void pg_array_value(struct buf *out, bool is_number, const struct value *value);

/* --- store_postgres_schema.c --- */

/* Reads only. STATUS_NOT_FOUND: we never installed anything here. STATUS_FATAL when the schema is
 * of a newer program, or when tables of ours are missing. */
enum status pg_check_schema(struct store_postgres *store) MUST_CHECK;

/* Brings the schema up to STORE_SCHEMA_VERSION, each step in a transaction under the turn.
 * STATUS_FATAL as above, and when a table with one of our names stands where we never installed
 * ours. */
enum status pg_migrate(struct store_postgres *store) MUST_CHECK;

/* The names of all our tables, as one array parameter in store->text. */
struct slice pg_our_tables(struct store_postgres *store);

/* --- store_postgres_turn.c --- */

/* Takes the turn among all workers for the open transaction, once: shared by transactions that
 * delete nothing, alone for one that may. Sent only; the answer is owed. */
enum status pg_take_turn(struct store_postgres *store, bool shared) MUST_CHECK;

/* --- store_postgres_many.c --- */

/* Gives the parameters of SQL_UPSERT. STATUS_BAD_DATA, in c->status: a value is of another kind
 * than its column. */
void pg_upsert_fill(struct pg_call *c, const struct pg_upsert *upsert);

/* Puts a row with those that pg_many_send() will send, after sending these where it may not go with
 * them; *upsert is copied. fn gets the answer to all, clerk_id and whether it is new of each row
 * that the guard let through, and the place of the first. */
enum status pg_many_add(struct store_postgres *store, const struct pg_upsert *upsert,
                        pg_answer_fn *fn, size_t place) MUST_CHECK;

/* Sends the rows that are still to be sent; called before anything else changes their table. */
enum status pg_many_send(struct store_postgres *store) MUST_CHECK;

/* --- store_postgres_rows.c --- */

/* Makes the children of a parent exactly these. Nothing is waited for, and rows may be left to
 * pg_many_send(). */
enum status pg_write_children(struct store_postgres *store, const struct pg_children *children,
                              bool parent_is_new) MUST_CHECK;

#endif
