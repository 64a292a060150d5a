#include <libpq-fe.h>
#include <string.h>

#include "common/clock.h"
#include "worker/store_postgres_parts.h"

/* Longer than statement_timeout and lock_timeout: a server that has not answered by then is gone.
 */
enum { ANSWER_MS = 45000, POLL_MS = 500 };

/* For a question that any server answers at once. */
enum { BRIEF_MS = 8000 };

/* What a reason has of the place of an exception: a name, its arguments, a line. */
enum { CONTEXT_MAX = 100 };

/* After the stop flag: a turn that is free is given within this. */
enum { LAST_ANSWER_MS = 1000 };

enum status pg_gone(struct store_postgres *store)
{
    const char *message = store->conn ? PQerrorMessage(store->conn) : "";
    enum status st = STATUS_UNAVAILABLE;
    if (*message)
        st = pg_because(store, st, "%s", message);
    else if (!store->base.why[0] || store->conn)
        st = pg_because(store, st, "the connection to PostgreSQL is gone");
    pg_disconnect(store);
    return st;
}

static int patience_ms(const struct store_postgres *store)
{
    return store->is_asking_briefly ? BRIEF_MS : ANSWER_MS;
}

static bool gives_up(const struct store_postgres *store, int64_t since_ms)
{
    bool is_stopping = store->stop && *store->stop;
    bool is_patient = !store->waits_for_turn && !store->is_asking_briefly;
    return is_stopping && !is_patient && clock_system.mono_ms() > since_ms + LAST_ANSWER_MS;
}

static enum status wait_for_answer(struct store_postgres *store)
{
    int64_t since_ms = clock_system.mono_ms(), until_ms = since_ms + patience_ms(store);
    while (PQisBusy(store->conn)) {
        if (gives_up(store, since_ms)) {
            pg_disconnect(store);
            return pg_because(store, STATUS_STOPPED,
                              "stopped while waiting for the turn, or for any answer");
        }
        if (clock_system.mono_ms() > until_ms) {
            pg_disconnect(store);
            return pg_because(store, STATUS_UNAVAILABLE, "no answer within %d s",
                              patience_ms(store) / 1000);
        }
        if (pg_wait(store, false, POLL_MS) && PQconsumeInput(store->conn) != 1)
            return pg_gone(store);
    }
    return STATUS_OK;
}

/* An exception's message is its author's own, with whatever values he put into it; the first line
 * of its context only names the function and the line. */
static enum status raised(struct store_postgres *store, const PGresult *answer, const char *state)
{
    const char *where = PQresultErrorField(answer, PG_DIAG_CONTEXT);
    if (!where || !*where)
        where = "a function of the database";
    size_t line = strcspn(where, "\n");
    return pg_because(store, pg_classify(state),
                      "raised by %.*s; its message is in the server's log (SQLSTATE %s)",
                      CONTEXT_MAX < line ? CONTEXT_MAX : (int)line, where, state);
}

/* Judges a failed answer. The primary message alone: the detail may hold values of the payload. */
static enum status refused(struct store_postgres *store, const PGresult *answer)
{
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    if (pg_is_raised(state))
        return raised(store, answer, state);
    if (!message)
        message = PQresultErrorMessage(answer);
    enum status st = pg_because(store, pg_classify(state), "%.200s (SQLSTATE %s)", message,
                                state ? state : "none");
    store->was_pooled = store->was_pooled || pg_tells_of_pooler(state);
    if (pg_ends_connection(state))
        pg_disconnect(store);
    return st;
}

/* Takes the answer of owed over; *st stays the first failure. */
static void take_answer(struct store_postgres *store, const struct pg_owed *owed, PGresult *answer,
                        enum status *st)
{
    ExecStatusType kind = PQresultStatus(answer);
    bool is_good = kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK;
    if (!is_good && owed->prepared)
        *owed->prepared = false;
    if (is_good && owed->fn)
        owed->fn(store, answer, owed->place);
    if (is_good && owed->is_kept) {
        PQclear(store->kept);
        store->kept = answer;
        return;
    }
    if (!is_good && *st == STATUS_OK && kind == PGRES_PIPELINE_ABORTED)
        *st = pg_because(store, STATUS_UNAVAILABLE, "undone by an earlier failure");
    else if (!is_good && *st == STATUS_OK)
        *st = refused(store, answer);
    PQclear(answer);
}

/* In pipeline mode each statement's answer is followed by a NULL, but for the final sync. */
static enum status next_answer(struct store_postgres *store, PGresult **ret_answer)
{
    for (int nulls = 0; nulls < 2; nulls++) {
        enum status st = wait_for_answer(store);
        if (st != STATUS_OK)
            return st;
        PGresult *answer = PQgetResult(store->conn);
        if (answer) {
            *ret_answer = answer;
            return STATUS_OK;
        }
    }
    return pg_gone(store);
}

static enum status read_owed(struct store_postgres *store, enum status *first)
{
    for (size_t i = 0; i <= store->owed_count; i++) {
        PGresult *answer = NULL;
        enum status st = next_answer(store, &answer);
        if (st != STATUS_OK)
            return *first == STATUS_OK ? st : *first;
        bool is_sync = PQresultStatus(answer) == PGRES_PIPELINE_SYNC;
        if (is_sync || i == store->owed_count) {
            PQclear(answer);
            return is_sync && i == store->owed_count ? *first : pg_gone(store);
        }
        take_answer(store, &store->owed[i], answer, first);
        if (!store->conn)
            return *first;
    }
    return *first;
}

enum status pg_settle_all(struct store_postgres *store)
{
    enum status first = STATUS_OK;
    if (!store->conn)
        return pg_gone(store);
    if (store->failed != STATUS_OK && store->owed_count == 0)
        return store->failed;
    if (PQpipelineSync(store->conn) != 1)
        first = pg_gone(store);
    else
        first = read_owed(store, &first);
    store->owed_count = 0;
    if (store->in_transaction && store->failed == STATUS_OK)
        store->failed = first;
    return first;
}

size_t pg_rows(const struct pg_result *answer)
{
    return (size_t)PQntuples(answer);
}

bool pg_is_null(const struct pg_result *answer, size_t row, int column)
{
    return PQgetisnull(answer, (int)row, column) == 1;
}

int64_t pg_number(const struct pg_result *answer, size_t row, int column)
{
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(answer, (int)row, column);
    int len = PQgetlength(answer, (int)row, column);
    uint64_t number = len > 0 && len < 8 && bytes[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < len && i < 8; i++)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

struct slice pg_slice(const struct pg_result *answer, size_t row, int column)
{
    return (struct slice){ PQgetvalue(answer, (int)row, column),
                           (size_t)PQgetlength(answer, (int)row, column) };
}
