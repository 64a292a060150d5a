#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "worker/store_postgres_parts.h"

/* Whole codes before the classes (two characters) that they would fall under. Source:
 * postgresql.org/docs/15/errcodes-appendix.html */
static const struct {
    const char *code;
    enum status status;
} kinds[] = {
    { "25006", STATUS_UNAVAILABLE }, /* read only: a standby, or an operator's maintenance */
    { "25P02", STATUS_UNAVAILABLE }, /* the transaction has failed already */
    { "25P03", STATUS_UNAVAILABLE }, /* idle in a transaction for too long: we were frozen */
    { "55P03", STATUS_UNAVAILABLE }, /* lock_timeout */
    { "55006", STATUS_UNAVAILABLE }, /* object in use */
    { "55000", STATUS_UNAVAILABLE }, /* not in the state for it: a server that is being set up */
    { "26000", STATUS_UNAVAILABLE }, /* the prepared statement is gone: a pooler, DISCARD ALL */
    { "42P05", STATUS_UNAVAILABLE }, /* the prepared statement is there already: a pooler */
    { "0A000", STATUS_UNAVAILABLE }, /* a plan outlived its table: connect anew */
    { "57P04", STATUS_FATAL },       /* the database was dropped */

    { "08", STATUS_UNAVAILABLE }, /* the connection */
    { "40", STATUS_UNAVAILABLE }, /* deadlock, serialization */
    { "53", STATUS_UNAVAILABLE }, /* disk full, memory, too many connections */
    { "57", STATUS_UNAVAILABLE }, /* shut down, starting up, cancelled */
    { "58", STATUS_UNAVAILABLE }, /* the server's operating system */

    { "21", STATUS_BAD_DATA },       { "22", STATUS_BAD_DATA }, { "23", STATUS_BAD_DATA },
    { "54", STATUS_BAD_DATA }, /* a value is too long for an index */
    { "P0", STATUS_BAD_DATA }, /* RAISE EXCEPTION and its like in a trigger of the application's */
};

enum status pg_classify(const char *sqlstate)
{
    if (!sqlstate || !*sqlstate)
        return STATUS_UNAVAILABLE;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strncmp(kinds[i].code, sqlstate, strlen(kinds[i].code)) == 0)
            return kinds[i].status;
    return STATUS_FATAL; /* wrong password, no such database, a missing right, damaged pages */
}

bool pg_ends_connection(const char *sqlstate)
{
    static const char *const ends[] = { "08", "57P", "25006", "25P03", "26000", "42P05", "0A000" };
    for (size_t i = 0; sqlstate && i < sizeof(ends) / sizeof(ends[0]); i++)
        if (strncmp(ends[i], sqlstate, strlen(ends[i])) == 0)
            return true;
    return !sqlstate || !*sqlstate;
}

bool pg_is_raised(const char *sqlstate)
{
    return sqlstate && strncmp(sqlstate, "P0", 2) == 0;
}

bool pg_tells_of_pooler(const char *sqlstate)
{
    return sqlstate && (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0);
}

enum status pg_because(struct store_postgres *store, enum status st, const char *format, ...)
{
    char *why = store->base.why;
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof(store->base.why), format, args);
    va_end(args);
    for (char *c = why; *c; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
    size_t len = strlen(why);
    while (len > 0 && why[len - 1] == ' ')
        why[--len] = '\0';
    return st;
}
