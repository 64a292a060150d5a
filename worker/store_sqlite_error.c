#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>

#include "worker/store_sqlite.h"

/* Extended codes before the primary codes they would fall under. Source: sqlite.org/rescode.html */
static const struct {
    int code;
    enum status status;
} kinds[] = {
    { SQLITE_READONLY_DBMOVED, STATUS_FATAL }, /* renamed or removed under us */
    { SQLITE_CANTOPEN_ISDIR, STATUS_FATAL },   { SQLITE_IOERR_CORRUPTFS, STATUS_FATAL },

    { SQLITE_BUSY, STATUS_UNAVAILABLE },       { SQLITE_LOCKED, STATUS_UNAVAILABLE },
    { SQLITE_FULL, STATUS_UNAVAILABLE },       { SQLITE_IOERR, STATUS_UNAVAILABLE },
    { SQLITE_READONLY, STATUS_UNAVAILABLE },   { SQLITE_CANTOPEN, STATUS_UNAVAILABLE },
    { SQLITE_PERM, STATUS_UNAVAILABLE },       { SQLITE_NOMEM, STATUS_UNAVAILABLE },
    { SQLITE_PROTOCOL, STATUS_UNAVAILABLE },   { SQLITE_INTERRUPT, STATUS_UNAVAILABLE },
    { SQLITE_ABORT, STATUS_UNAVAILABLE }, /* undone by a rollback */

    { SQLITE_CONSTRAINT, STATUS_BAD_DATA },    { SQLITE_TOOBIG, STATUS_BAD_DATA },
    { SQLITE_MISMATCH, STATUS_BAD_DATA },      { SQLITE_RANGE, STATUS_BAD_DATA },
};

enum { PRIMARY_CODE_MASK = 0xff };

enum status store_sqlite_classify(int code)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].code == code || kinds[i].code == (code & PRIMARY_CODE_MASK))
            return kinds[i].status;
    return STATUS_FATAL; /* corrupt, not a database, a table that is not as we made it */
}

enum status store_sqlite_failed(struct store_sqlite *store, int code)
{
    const char *message = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);
    snprintf(store->base.why, sizeof(store->base.why), "%s (SQLite code %d)", message, code);
    return store_sqlite_classify(code);
}

enum status store_sqlite_because(struct store_sqlite *store, enum status st, const char *format,
                                 ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(store->base.why, sizeof(store->base.why), format, args);
    va_end(args);
    return st;
}
