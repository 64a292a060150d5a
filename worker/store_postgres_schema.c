#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/store_postgres_parts.h"

/* One row for each step that was made; ours alone, so that it does not stand in the way of an
 * application's schema_migrations. */
static const char create_migrations[] =
    "CREATE TABLE clerk_migrations (version BIGINT NOT NULL PRIMARY KEY, "
    "applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";

static size_t our_table_count(void)
{
    return catalog_table_count + sql_own_table_count;
}

static const char *our_table_name(size_t i)
{
    return i < catalog_table_count ? catalog_tables[i]->name
                                   : sql_own_table_name(i - catalog_table_count);
}

struct slice pg_our_tables(struct store_postgres *store)
{
    buf_clear(&store->text);
    pg_array_begin(&store->text, false, our_table_count());
    for (size_t i = 0; i < our_table_count(); i++)
        pg_array_text(&store->text, slice_of(our_table_name(i)), false);
    return buf_slice(&store->text);
}

static enum status ask_once(struct store_postgres *store, const char *sql)
{
    struct pg_call c = pg_call_once(store, sql);
    return pg_ask(&c);
}

/* 0: we never installed anything here. */
static enum status read_version(struct store_postgres *store, int64_t *ret_version)
{
    int64_t version = 0;
    /* Not to_regclass(): it may answer from a cache that is older than the turn. */
    enum status st = ask_once(store,
                              "SELECT current_schema() IS NULL, "
                              "coalesce(bool_or(c.relname = 'clerk_migrations'), false), "
                              "coalesce(bool_or(c.relname = 'clerk_copy'), false) FROM pg_class "
                              "c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
                              "c.relname IN ('clerk_migrations', 'clerk_copy') AND n.nspname = "
                              "current_schema()");
    if (st != STATUS_OK)
        return st;
    bool has_place = pg_number(store->kept, 0, 0) == 0;
    if (!has_place && !store->reads_only)
        return pg_because(store, STATUS_FATAL,
                          "there is no schema to put tables in: create it, or name one in "
                          "DATABASE_URL with ?schema=");
    if (pg_number(store->kept, 0, 2) != 0 && !store->reads_only && !store->is_copy)
        return pg_because(store, STATUS_FATAL,
                          "a copy into this database is not finished: start clerk-worker migrate "
                          "--to again");
    if (pg_number(store->kept, 0, 1) != 0) {
        st = ask_once(store, "SELECT coalesce(max(version), 0) FROM clerk_migrations");
        version = st == STATUS_OK ? pg_number(store->kept, 0, 0) : 0;
    }
    if (st == STATUS_OK)
        *ret_version = version;
    return st;
}

/* The first of our tables that is there (or is not there, after wanted), in name; "": none such. */
static enum status find_table(struct store_postgres *store, bool wanted, char name[64])
{
    struct pg_call c = pg_call_once(
        store, "SELECT n FROM unnest($1::text[]) AS n WHERE EXISTS (SELECT FROM pg_class c "
               "WHERE c.relname = n AND c.relnamespace = "
               "quote_ident(current_schema()::text)::regnamespace) = "
               "$2::boolean LIMIT 1");
    const char flag = wanted ? 1 : 0;
    pg_text(&c, pg_our_tables(store));
    pg_text(&c, (struct slice){ &flag, 1 });
    enum status st = pg_ask(&c);
    name[0] = '\0';
    if (st != STATUS_OK || pg_rows(store->kept) == 0)
        return st;
    struct slice found = pg_slice(store->kept, 0, 0);
    size_t len = found.len < 63 ? found.len : 63;
    memcpy(name, found.ptr, len);
    name[len] = '\0';
    return st;
}

static enum status check_version(struct store_postgres *store, int64_t version)
{
    char name[64];
    if (version > STORE_SCHEMA_VERSION)
        return pg_because(store, STATUS_FATAL,
                          "schema version %lld is newer than this program's %d", (long long)version,
                          STORE_SCHEMA_VERSION);
    if (version != 0 && version != STORE_SCHEMA_VERSION)
        return STATUS_OK; /* the steps still to come know what they need */
    enum status st = find_table(store, version == 0, name);
    if (st != STATUS_OK || !name[0])
        return st;
    if (version == 0)
        return pg_because(store, STATUS_FATAL,
                          "the database has a table %s that is not clerk-sync's; give clerk-sync "
                          "a schema of its own: ?schema=clerk at the end of DATABASE_URL",
                          name);
    return pg_because(store, STATUS_FATAL,
                      "schema version is %lld, but the table %s is missing; this is not "
                      "clerk-sync's database, or it was changed by hand",
                      (long long)version, name);
}

enum status pg_check_schema(struct store_postgres *store)
{
    int64_t version = 0;
    enum status st = read_version(store, &version);
    if (st == STATUS_OK && version == 0)
        return pg_because(store, STATUS_NOT_FOUND, "the database has no tables of clerk-sync yet");
    return st == STATUS_OK ? check_version(store, version) : st;
}

/* The statements in sql, each ended by ';', none with one inside. */
static enum status run_each(struct store_postgres *store, char *sql)
{
    enum status st = STATUS_OK;
    for (char *end; st == STATUS_OK && (end = strchr(sql, ';')) != NULL; sql = end + 1) {
        *end = '\0';
        struct pg_call c = pg_call_once(store, sql);
        st = pg_send(&c, NULL, 0);
    }
    return st;
}

/* A new database gets the tables as the catalog has them now. */
static enum status install(struct store_postgres *store)
{
    struct buf *sql = &store->text;
    buf_clear(sql);
    buf_printf(sql, "%s;", create_migrations);
    for (size_t i = 0; i < catalog_table_count; i++)
        sql_create_table(sql, SQL_POSTGRES, catalog_tables[i]);
    sql_create_own_tables(sql, SQL_POSTGRES);
    char *text = buf_take(sql);
    enum status st = text ? run_each(store, text)
                          : pg_because(store, STATUS_UNAVAILABLE, "out of memory");
    free(text);
    return st;
}

/* Steps between versions. A change of the catalog's columns is a new row here, from the version
 * before to STORE_SCHEMA_VERSION + 1; the first row, for new databases, always leads to the newest.
 */
static const struct migration {
    int64_t from, to;
    enum status (*apply)(struct store_postgres *store);
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

/* The version is read again under the turn: another program may have been faster. */
static enum status step(struct store_postgres *store, int64_t *ret_version)
{
    int64_t version = 0;
    enum status st = pg_take_turn(store, false);
    if (st == STATUS_OK)
        st = read_version(store, &version);
    if (st == STATUS_OK)
        st = check_version(store, version);
    *ret_version = version;
    if (st != STATUS_OK || version >= STORE_SCHEMA_VERSION)
        return st;
    const struct migration *m = migration_from(version);
    if (!m)
        return pg_because(store, STATUS_FATAL, "no way from schema version %lld to %d",
                          (long long)version, STORE_SCHEMA_VERSION);
    st = m->apply(store);
    struct pg_call c = pg_call_once(store,
                                    "INSERT INTO clerk_migrations (version) VALUES ($1::bigint)");
    pg_int(&c, m->to);
    if (st == STATUS_OK)
        st = pg_ask(&c);
    *ret_version = m->to;
    return st;
}

static enum status find_schema(struct store_postgres *store, bool *ret_is_there)
{
    struct pg_call c = pg_call_once(store, "SELECT to_regnamespace(quote_ident($1::text)) IS NULL");
    pg_text(&c, slice_of(store->address.schema));
    enum status st = pg_ask(&c);
    if (st == STATUS_OK)
        *ret_is_there = pg_number(store->kept, 0, 0) == 0;
    return st;
}

/* Looks first, for CREATE … IF NOT EXISTS needs its right even where there is nothing to do. */
static enum status create_schema(struct store_postgres *store)
{
    char sql[STORE_SCHEMA_NAME_MAX + 64];
    bool is_there = false;
    enum status st = find_schema(store, &is_there);
    if (st != STATUS_OK || is_there)
        return st;
    snprintf(sql, sizeof(sql), "CREATE SCHEMA IF NOT EXISTS \"%s\"", store->address.schema);
    st = ask_once(store, sql);
    if (st == STATUS_BAD_DATA) /* another program was faster, to the moment */
        st = find_schema(store, &is_there);
    return st;
}

static enum status migrate_once(struct store_postgres *store, int64_t *ret_version)
{
    struct store *base = &store->base;
    enum status st = store_postgres_begin(base);
    if (st == STATUS_OK)
        st = step(store, ret_version);
    if (st == STATUS_OK)
        st = store_postgres_commit(base);
    if (st != STATUS_OK)
        store_postgres_rollback(base);
    return st;
}

enum status pg_migrate(struct store_postgres *store)
{
    int64_t version = 0;
    enum status st = store->address.schema[0] ? create_schema(store) : STATUS_OK;
    if (st == STATUS_OK)
        st = read_version(store, &version);
    if (st == STATUS_OK && version >= STORE_SCHEMA_VERSION)
        return check_version(store, version);
    while (st == STATUS_OK && version < STORE_SCHEMA_VERSION)
        st = migrate_once(store, &version);
    return st;
}
