#ifndef CLERK_STORE_FIXTURE_H
#define CLERK_STORE_FIXTURE_H

#include <stdint.h>

#include "worker/store.h"

/* A store on a real file in a directory of its own, for the test_store_* programs; or, when the
 * environment has TEST_POSTGRES (the directory of tests/postgres.sh), in a PostgreSQL schema of its
 * own. Helpers that
 * write run in a transaction of their own and fail the test on anything that is not what they were
 * asked for. */

enum { FIXTURE_TEXT_MAX = 8192 };

struct fixture {
    char dir[64];
    char path[96];
    char url[256];
    char schema[64]; /* "": it is SQLite */
    struct store *store;
    char why[STORE_ERROR_MAX];
    char text[FIXTURE_TEXT_MAX];
};

/* cmocka's set-up and tear-down: a fresh directory, with or without an open store in it. */
int fixture_hard(void **state);
int fixture_soft(void **state);
int fixture_closed(void **state);
int fixture_end(void **state);

/* Skips the test that called it unless the database is SQLite: it looks at the file, or at what
 * only SQLite has. */
#define fixture_needs_sqlite(f)                                                                    \
    do {                                                                                           \
        if ((f)->schema[0])                                                                        \
            skip();                                                                                \
    } while (0)

/* Opens the store of f; f->why holds the reason of a failure. */
enum status fixture_open(struct fixture *f, enum store_delete_mode mode);

/* Opens in hard mode and fails the test when that fails; likewise when it does not fail with st and
 * a line that has why in it. */
void fixture_assert_opens(struct fixture *f);
void fixture_assert_refused(struct fixture *f, enum status st, const char *why);

/* Closes the store; f->store is NULL then. */
void fixture_close_store(struct fixture *f);

/* Writes over the file path at offset; offset 0 makes it anew. */
void fixture_write_file(const char *path, long offset, const char *bytes, size_t len);

/* store_begin() and store_commit() that succeed. */
void fixture_begin(struct fixture *f);
void fixture_commit(struct fixture *f);

/* Inserts a row into the ledger, inside a transaction. */
enum status fixture_record(struct store *store, const char *svix_id, int64_t processed_at);

/* Size of the write-ahead log; -1: there is none. */
int64_t fixture_log_bytes(const struct fixture *f);

/* Runs sql over a connection of its own. */
void fixture_exec(const struct fixture *f, const char *sql);

/* The rows that sql returns, columns joined by '|', each row ended by ';', NULL as "-". Valid until
 * the next call. */
const char *fixture_query(struct fixture *f, const char *sql);

/* One upsert, committed. The varargs: column names and texts by turns, ended by NULL; columns not
 * named are NULL. updated_at 0: NULL. */
enum status fixture_put(struct fixture *f, const char *table, const char *id, int64_t event_at,
                        int64_t updated_at, ...) __attribute__((sentinel));

/* One users row and its user_emails, as apply does it: children only where the user was written.
 * emails: ids of the children separated by spaces. */
enum status fixture_put_user(struct fixture *f, const char *id, int64_t event_at,
                             const char *first_name, const char *emails);

/* The same inside a transaction. */
enum status fixture_write_user(struct fixture *f, const char *id, int64_t event_at,
                               const char *first_name, const char *emails);

/* One delete, committed. */
enum status fixture_delete(struct fixture *f, const char *table, const char *id, int64_t event_at);

const struct catalog_table *fixture_table(const char *name);

#endif
