#include "store_fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#ifdef CLERK_POSTGRES
#include <libpq-fe.h>
#endif

#include "common/buf.h"

static sqlite3 *connect_to(const struct fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

static void exec_sqlite(const struct fixture *f, const char *sql)
{
    sqlite3 *db = connect_to(f);
    char *error = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(db);
}

static size_t add_row(char *out, size_t room, sqlite3_stmt *stmt)
{
    size_t used = 0;
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        const unsigned char *text = sqlite3_column_text(stmt, i);
        int n = snprintf(out + used, room - used, "%s%s", i ? "|" : "",
                         text ? (const char *)text : "-");
        assert_true(n >= 0 && (size_t)n < room - used);
        used += (size_t)n;
    }
    assert_true(used + 1 < room);
    memcpy(out + used, ";", 2);
    return used + 1;
}

static const char *query_sqlite(struct fixture *f, const char *sql)
{
    sqlite3 *db = connect_to(f);
    sqlite3_stmt *stmt = NULL;
    size_t used = 0;
    int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (code != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    f->text[0] = '\0';
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        used += add_row(f->text + used, sizeof(f->text) - used, stmt);
    assert_int_equal(code, SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return f->text;
}

#ifdef CLERK_POSTGRES
static PGconn *connect_postgres(const struct fixture *f)
{
    char text[256];
    snprintf(text, sizeof(text), "host=%s user=clerk dbname=clerk options='-c search_path=\"%s\"'",
             getenv("TEST_POSTGRES"), f->schema);
    PGconn *conn = PQconnectdb(text);
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    PQclear(PQexec(conn, "SET client_min_messages = warning"));
    return conn;
}

/* As SQLite says it: NULL is "-" here, and a boolean is a number. */
static const char *cell(const PGresult *answer, int row, int column)
{
    enum { OID_BOOLEAN = 16 };
    const char *text = PQgetvalue(answer, row, column);
    if (PQgetisnull(answer, row, column))
        return "-";
    if (PQftype(answer, column) != OID_BOOLEAN)
        return text;
    return *text == 't' ? "1" : "0";
}

static void add_cells(struct fixture *f, const PGresult *answer)
{
    struct buf out = buf_make(sizeof(f->text) - 1);
    for (int row = 0; row < PQntuples(answer); row++)
        for (int i = 0; i < PQnfields(answer); i++)
            buf_printf(&out, "%s%s%s", i ? "|" : "", cell(answer, row, i),
                       i + 1 == PQnfields(answer) ? ";" : "");
    assert_int_equal(buf_status(&out), STATUS_OK);
    snprintf(f->text, sizeof(f->text), "%s", buf_text(&out));
    buf_release(&out);
}

static void run_postgres(const struct fixture *f, const char *sql, struct fixture *answers)
{
    PGconn *conn = connect_postgres(f);
    PGresult *answer = PQexec(conn, sql);
    ExecStatusType st = PQresultStatus(answer);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(conn));
    if (answers)
        add_cells(answers, answer);
    PQclear(answer);
    PQfinish(conn);
}
#else
static void run_postgres(const struct fixture *f, const char *sql, struct fixture *answers)
{
    (void)f;
    (void)answers;
    fail_msg("this build has no PostgreSQL for %s", sql);
}
#endif

void fixture_exec(const struct fixture *f, const char *sql)
{
    if (f->schema[0])
        run_postgres(f, sql, NULL);
    else
        exec_sqlite(f, sql);
}

const char *fixture_query(struct fixture *f, const char *sql)
{
    if (!f->schema[0])
        return query_sqlite(f, sql);
    run_postgres(f, sql, f);
    return f->text;
}
