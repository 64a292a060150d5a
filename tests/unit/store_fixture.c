#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>

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
