#include "store_fixture.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#ifdef CLERK_POSTGRES
#include <libpq-fe.h>
#endif

#include "common/buf.h"
#include "worker/catalog.h"

enum { COLUMNS_MAX = 40, CHILDREN_MAX = 16 };

int fixture_closed(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    snprintf(f->dir, sizeof(f->dir), "/tmp/clerk-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/clerk.db", f->dir);
    snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
    const char *server = getenv("TEST_POSTGRES");
    if (server) {
        snprintf(f->schema, sizeof(f->schema), "test_%ld_%s", (long)getpid(),
                 strrchr(f->dir, '-') + 1);
        snprintf(f->url, sizeof(f->url), "postgres://clerk@/clerk?host=%s&schema=%s", server,
                 f->schema);
    }
    *state = f;
    return 0;
}

enum status fixture_open(struct fixture *f, enum store_delete_mode mode)
{
    struct store_conf conf = { .url = f->url, .delete_mode = mode };
    return store_open(&conf, &f->store, f->why);
}

static int opened(void **state, enum store_delete_mode mode)
{
    fixture_closed(state);
    struct fixture *f = *state;
    enum status st = fixture_open(f, mode);
    if (st != STATUS_OK)
        print_error("store_open: %s: %s\n", status_name(st), f->why);
    return st == STATUS_OK ? 0 : -1;
}

int fixture_hard(void **state)
{
    return opened(state, STORE_DELETE_HARD);
}

int fixture_soft(void **state)
{
    return opened(state, STORE_DELETE_SOFT);
}

static void remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    (void)rmdir(path);
}

int fixture_end(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    if (f->schema[0]) {
        char sql[128];
        snprintf(sql, sizeof(sql), "DROP SCHEMA IF EXISTS \"%s\" CASCADE", f->schema);
        fixture_exec(f, sql);
    }
    remove_dir(f->dir);
    free(f);
    return 0;
}

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

const struct catalog_table *fixture_table(const char *name)
{
    for (size_t i = 0; i < catalog_table_count; i++)
        if (strcmp(catalog_tables[i]->name, name) == 0)
            return catalog_tables[i];
    fail_msg("no table %s", name);
    return NULL;
}

static void set(const struct catalog_table *table, struct value *values, const char *column,
                const char *text)
{
    size_t i = catalog_column_index(table, column);
    assert_true(i < table->column_count && i < COLUMNS_MAX);
    values[i] = (struct value){ .kind = VALUE_TEXT, .text = slice_of(text) };
}

static enum status finish(struct fixture *f, enum status st)
{
    if (st != STATUS_OK && st != STATUS_STALE) {
        store_rollback(f->store);
        return st;
    }
    assert_int_equal(store_commit(f->store), STATUS_OK);
    return st;
}

enum status fixture_put(struct fixture *f, const char *table, const char *id, int64_t event_at,
                        int64_t updated_at, ...)
{
    struct value values[COLUMNS_MAX] = { { VALUE_NULL, 0, { NULL, 0 } } };
    struct row row = { .table = fixture_table(table),
                       .clerk_id = slice_of(id),
                       .values = values,
                       .data = SLICE("{}"),
                       .event_at = event_at };
    va_list args;
    va_start(args, updated_at);
    const char *column;
    while ((column = va_arg(args, const char *)) != NULL)
        set(row.table, values, column, va_arg(args, const char *));
    va_end(args);
    if (updated_at)
        row.updated_at = (struct value){ .kind = VALUE_INT, .number = updated_at };
    assert_int_equal(store_begin(f->store), STATUS_OK);
    return finish(f, store_upsert(f->store, &row));
}

static enum status put_emails(struct fixture *f, const char *user, int64_t event_at,
                              const char *emails)
{
    struct value values[CHILDREN_MAX][COLUMNS_MAX] = { { { VALUE_NULL, 0, { NULL, 0 } } } };
    struct row rows[CHILDREN_MAX] = { 0 };
    struct row_list list = { .rows = rows };
    struct slice rest = slice_of(emails), id;
    const struct catalog_table *table = fixture_table("user_emails");
    while (slice_next_word(&rest, &id)) {
        assert_true(list.count < CHILDREN_MAX);
        set(table, values[list.count], "user_id", user);
        rows[list.count] = (struct row){ .table = table,
                                         .clerk_id = id,
                                         .values = values[list.count],
                                         .data = SLICE("{}"),
                                         .event_at = event_at };
        list.count++;
    }
    return store_replace_children(f->store, table, slice_of(user), &list);
}

enum status fixture_write_user(struct fixture *f, const char *id, int64_t event_at,
                               const char *first_name, const char *emails)
{
    struct value values[COLUMNS_MAX] = { { VALUE_NULL, 0, { NULL, 0 } } };
    struct row row = { .table = fixture_table("users"),
                       .clerk_id = slice_of(id),
                       .values = values,
                       .data = SLICE("{}"),
                       .event_at = event_at };
    set(row.table, values, "first_name", first_name);
    enum status st = store_upsert(f->store, &row);
    return st == STATUS_OK ? put_emails(f, id, event_at, emails) : st;
}

enum status fixture_put_user(struct fixture *f, const char *id, int64_t event_at,
                             const char *first_name, const char *emails)
{
    fixture_begin(f);
    return finish(f, fixture_write_user(f, id, event_at, first_name, emails));
}

enum status fixture_delete(struct fixture *f, const char *table, const char *id, int64_t event_at)
{
    assert_int_equal(store_begin(f->store), STATUS_OK);
    return finish(f, store_delete(f->store, fixture_table(table), slice_of(id), event_at));
}

void fixture_assert_opens(struct fixture *f)
{
    enum status st = fixture_open(f, STORE_DELETE_HARD);
    if (st != STATUS_OK)
        fail_msg("store_open: %s: %s", status_name(st), f->why);
}

void fixture_assert_refused(struct fixture *f, enum status st, const char *why)
{
    assert_int_equal(fixture_open(f, STORE_DELETE_HARD), st);
    assert_null(f->store);
    if (!strstr(f->why, why))
        fail_msg("\"%s\" does not say \"%s\"", f->why, why);
    assert_null(strchr(f->why, '\n'));
}

void fixture_close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

void fixture_write_file(const char *path, long offset, const char *bytes, size_t len)
{
    FILE *file = fopen(path, offset ? "r+" : "w");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void fixture_begin(struct fixture *f)
{
    assert_int_equal(store_begin(f->store), STATUS_OK);
}

void fixture_commit(struct fixture *f)
{
    assert_int_equal(store_commit(f->store), STATUS_OK);
}

enum status fixture_record(struct store *store, const char *svix_id, int64_t processed_at)
{
    struct store_ledger_row row = { .svix_id = slice_of(svix_id),
                                    .type = SLICE("user.created"),
                                    .clerk_id = SLICE("user_1"),
                                    .instance_id = SLICE("ins_1"),
                                    .event_at = 10,
                                    .received_at = 20,
                                    .processed_at = processed_at,
                                    .outcome = STORE_APPLIED };
    return store_record(store, &row);
}

int64_t fixture_log_bytes(const struct fixture *f)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s-wal", f->path);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}
