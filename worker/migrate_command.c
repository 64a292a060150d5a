#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "worker/commands.h"
#include "worker/listing.h"
#include "worker/options.h"
#include "worker/store.h"
#include "worker/store_url.h"
#include "worker/worker_conf.h"
#ifdef CLERK_POSTGRES
#include "worker/move.h"
#endif

const char migrate_help[] =
    "usage: clerk-worker migrate [--to URL [--dry-run]]\n"
    "\n"
    "Brings the schema of DATABASE_URL up to date, as every worker does when it starts.\n"
    "With --to, copies a whole SQLite database (DATABASE_URL) into PostgreSQL: all tables, the\n"
    "ledger, dead letters and tombstones among them, with the ids they have; then reads both\n"
    "sides again, compares them row by row and prints a checksum for each table.\n"
    "\n"
    "  --to URL   postgres://user@host/name?schema=clerk; a password is better in PGPASSWORD or\n"
    "             ~/.pgpass, for everybody on the machine sees a command line\n"
    "  --dry-run  reads everything and writes nothing: how much it is, what would be refused\n"
    "\n"
    "Stop all workers first: while one has the SQLite file open, this refuses. New events wait in\n"
    "Redis. Killed at any moment and started again, it goes on where it was; until it is through,\n"
    "no worker takes the target. The target must hold no other rows. The SQLite file stays as it\n"
    "is. Afterwards start the workers with the new DATABASE_URL.\n"
    "\n"
    "Exit code: 0, 1 could not be done or the two sides are not the same, 2 wrong use.\n"
    "\n"
    "example: clerk-worker migrate --to 'postgres://clerk@db.example/app?schema=clerk'\n";

/* Of a message about an address; the URL itself is never in one. */
enum { MESSAGE_MAX_BYTES = 2048 };

static int complain(const char *why, int code)
{
    fputs("clerk-worker migrate: ", stderr);
    listing_print_safely(stderr, slice_of(why)); /* it may hold a row's key */
    fputc('\n', stderr);
    return code;
}

static int bring_up_to_date(const struct worker_conf *conf)
{
    struct store_conf where = { .url = conf->database_url, .delete_mode = STORE_DELETE_HARD };
    struct store *store = NULL;
    char why[STORE_ERROR_MAX];
    if (store_open(&where, &store, why) != STATUS_OK)
        return complain(why, COMMAND_FAILED);
    store_close(store);
    printf("schema version %d\n", (int)STORE_SCHEMA_VERSION);
    return COMMAND_DONE;
}

/* The store knows one address and calls it DATABASE_URL. */
static int complain_of_target(const char *why, int code)
{
    static const char name[] = "DATABASE_URL";
    struct buf text = buf_make(MESSAGE_MAX_BYTES);
    for (const char *found; (found = strstr(why, name)) != NULL; why = found + sizeof(name) - 1)
        buf_printf(&text, "%.*s--to", (int)(found - why), why);
    buf_append(&text, slice_of(why));
    code = complain(buf_text(&text), code);
    buf_release(&text);
    return code;
}

/* NULL: from one kind of database to the other, as it can be done. */
static const char *fault_of_direction(const struct worker_conf *conf, const char *to)
{
    if (store_url_is_postgres(conf->database_url))
        return "--to copies out of SQLite, and DATABASE_URL is PostgreSQL already";
    return store_url_is_postgres(to) ? NULL : "--to takes postgres://…, nothing else";
}

#ifdef CLERK_POSTGRES
static int move(const struct worker_conf *conf, const char *to, bool dry_run)
{
    const struct move_conf how = { .from = conf->database_url,
                                   .to = to,
                                   .dry_run = dry_run,
                                   .out = stdout,
                                   .is_terminal = isatty(STDOUT_FILENO) == 1 };
    char why[MOVE_ERROR_MAX];
    enum status st = move_run(&how, why);
    if (st != STATUS_OK)
        return complain_of_target(why, COMMAND_FAILED);
    return fflush(stdout) == 0 && !ferror(stdout) ? COMMAND_DONE : COMMAND_FAILED;
}
#else
/* Not reached: a URL of PostgreSQL is none of this build's. */
static int move(const struct worker_conf *conf, const char *to, bool dry_run)
{
    (void)conf;
    (void)to;
    (void)dry_run;
    return COMMAND_FAILED;
}
#endif

int migrate_command(const struct worker_conf *conf, int argc, char **argv)
{
    const char *to = NULL;
    bool dry_run = false;
    const struct option_spec specs[] = { { "--to", OPTION_TEXT, &to, 0, 0 },
                                         { "--dry-run", OPTION_FLAG, &dry_run, 0, 0 } };
    char why[OPTIONS_ERROR_MAX], fault_of_url[STORE_ERROR_MAX];
    if (options_read_alone(argc, argv, specs, 2, why) != STATUS_OK)
        return complain(why, COMMAND_WRONG_USE);
    if (!to && dry_run)
        return complain("--dry-run needs --to", COMMAND_WRONG_USE);
    if (!to)
        return bring_up_to_date(conf);
    const char *fault = fault_of_direction(conf, to);
    if (fault)
        return complain(fault, COMMAND_WRONG_USE);
    if (store_url_check(to, fault_of_url) != STATUS_OK)
        return complain_of_target(fault_of_url, COMMAND_WRONG_USE);
    return move(conf, to, dry_run);
}
