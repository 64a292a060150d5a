#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>

#include "worker/store_sqlite.h"

enum { EXEC_LIMIT_BYTES = 128 };

enum status store_sqlite_exec(struct store_sqlite *store, const char *sql)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? STATUS_OK : store_sqlite_failed(store, code);
}

/* The first number that sql returns with name as its parameter; 0 without a row. */
static enum status query_number(struct store_sqlite *store, const char *sql, const char *name,
                                int64_t *ret_number)
{
    struct sqlite3_stmt *stmt = NULL;
    int64_t number = 0;
    int code = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK && name)
        code = sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    enum status st = STATUS_OK;
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        st = store_sqlite_failed(store, code);
    (void)sqlite3_finalize(stmt);
    if (st == STATUS_OK)
        *ret_number = number;
    return st;
}

static enum status read_version(struct store_sqlite *store, int64_t *ret_version)
{
    return query_number(store, "PRAGMA user_version", NULL, ret_version);
}

static size_t our_table_count(void)
{
    return catalog_table_count + sql_own_table_count;
}

static const char *our_table_name(size_t i)
{
    return i < catalog_table_count ? catalog_tables[i]->name
                                   : sql_own_table_name(i - catalog_table_count);
}

/* The first of our tables that is there (or is not there, after wanted); NULL: none such. */
static enum status find_table(struct store_sqlite *store, bool wanted, const char **ret_name)
{
    for (size_t i = 0; i < our_table_count(); i++) {
        int64_t found = 0;
        enum status st = query_number(
            store, "SELECT count(*) FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE",
            our_table_name(i), &found);
        if (st != STATUS_OK)
            return st;
        if ((found > 0) == wanted) {
            *ret_name = our_table_name(i);
            return STATUS_OK;
        }
    }
    *ret_name = NULL;
    return STATUS_OK;
}

static enum status check_version(struct store_sqlite *store, int64_t version)
{
    const char *name = NULL;
    if (version > STORE_SCHEMA_VERSION)
        return store_sqlite_because(store, STATUS_FATAL,
                                    "schema version %lld is newer than this program's %d",
                                    (long long)version, STORE_SCHEMA_VERSION);
    if (version != 0 && version != STORE_SCHEMA_VERSION)
        return STATUS_OK; /* the steps still to come know what they need */
    enum status st = find_table(store, version == 0, &name);
    if (st != STATUS_OK || !name)
        return st;
    if (version == 0)
        return store_sqlite_because(store, STATUS_FATAL,
                                    "the database has a table %s that is not clerk-sync's; "
                                    "give clerk-sync a file of its own",
                                    name);
    return store_sqlite_because(store, STATUS_FATAL,
                                "schema version is %lld, but the table %s is missing; this is not "
                                "clerk-sync's database, or it was changed by hand",
                                (long long)version, name);
}

enum status store_sqlite_check_schema(struct store_sqlite *store)
{
    int64_t version = 0;
    enum status st = read_version(store, &version);
    return st == STATUS_OK ? check_version(store, version) : st;
}

/* A new database gets the tables as the catalog has them now. */
static enum status install(struct store_sqlite *store)
{
    struct buf *sql = &store->text;
    buf_clear(sql);
    for (size_t i = 0; i < catalog_table_count; i++)
        sql_create_table(sql, SQL_SQLITE, catalog_tables[i]);
    sql_create_own_tables(sql, SQL_SQLITE);
    if (buf_status(sql) != STATUS_OK)
        return store_sqlite_because(store, STATUS_UNAVAILABLE, "out of memory");
    return store_sqlite_exec(store, buf_text(sql));
}

/* Steps between versions. A change of the catalog's columns is a new row here, from the version
 * before to STORE_SCHEMA_VERSION + 1; the first row, for new databases, always leads to the newest.
 */
static const struct migration {
    int64_t from, to;
    enum status (*apply)(struct store_sqlite *store);
} migrations[] = {
    { 0, STORE_SCHEMA_VERSION, install },
};

static const struct migration *migration_from(int64_t version)
{
    for (size_t i = 0; i < sizeof(migrations) / sizeof(migrations[0]); i++)
        if (migrations[i].from == version)
            return &migrations[i];
    return NULL;
}

static enum status set_version(struct store_sqlite *store, int64_t version)
{
    char sql[EXEC_LIMIT_BYTES];
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", (long long)version);
    return store_sqlite_exec(store, sql);
}

/* The version is read again inside the transaction: another program may have been faster. */
static enum status step(struct store_sqlite *store, int64_t *ret_version)
{
    int64_t version = 0;
    enum status st = read_version(store, &version);
    if (st != STATUS_OK)
        return st;
    if (version >= STORE_SCHEMA_VERSION) {
        *ret_version = version;
        return check_version(store, version);
    }
    const struct migration *m = migration_from(version);
    if (!m)
        return store_sqlite_because(store, STATUS_FATAL, "no way from schema version %lld to %d",
                                    (long long)version, STORE_SCHEMA_VERSION);
    st = m->apply(store);
    if (st == STATUS_OK)
        st = set_version(store, m->to);
    if (st == STATUS_OK)
        *ret_version = m->to;
    return st;
}

enum status store_sqlite_migrate(struct store_sqlite *store)
{
    int64_t version = 0;
    enum status st = read_version(store, &version);
    while (st == STATUS_OK && version < STORE_SCHEMA_VERSION) {
        st = store_sqlite_exec(store, "BEGIN IMMEDIATE");
        if (st != STATUS_OK)
            return st;
        st = step(store, &version);
        if (st == STATUS_OK)
            st = store_sqlite_exec(store, "COMMIT");
        if (st != STATUS_OK)
            (void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return st;
}
