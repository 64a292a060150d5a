#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/commands.h"
#include "worker/import_reader.h"
#include "worker/importer.h"
#include "worker/options.h"
#include "worker/store.h"
#include "worker/worker_conf.h"

const char import_help[] =
    "usage: clerk-worker import [--dry-run] KIND FILE|-\n"
    "\n"
    "Applies what Clerk's Backend API answers: a JSON array, {\"data\":[...]} pages, one object "
    "on\n"
    "each line, or several of these one after the other. Each object counts as an event of the\n"
    "moment of its updated_at, so a newer row is never overwritten, and what was deleted stays\n"
    "deleted. For a first load, and to find and mend drift. Workers may run meanwhile.\n"
    "\n"
    "  KIND       users, organizations, memberships, organization-invitations, domains, sessions,\n"
    "             roles, permissions, invitations, waitlist, subscriptions, payment-attempts, or\n"
    "             a table's name\n"
    "  --dry-run  changes nothing; prints a line for each object that is missing or differs, with\n"
    "             the names of the columns\n"
    "\n"
    "Exit code: 0, 1 some were refused or it could not be done, 2 wrong use.\n"
    "\n"
    "example: curl -s -H \"Authorization: Bearer $CLERK_SECRET_KEY\" \\\n"
    "           'https://api.clerk.com/v1/users?limit=500' | clerk-worker import users -\n";

enum { PIECE_BYTES = 64 * 1024, PROGRESS_MS = 200 };

/* One import under way. */
struct job {
    struct importer *importer;
    bool shows_progress;
    int64_t objects;
    int64_t next_ms;
};

static void show_progress(struct job *job, bool is_end)
{
    int64_t now_ms = clock_system.mono_ms();
    if (!job->shows_progress || (!is_end && now_ms < job->next_ms))
        return;
    job->next_ms = now_ms + PROGRESS_MS;
    fprintf(stderr, "\r%" PRId64 " objects%s", job->objects, is_end ? "\n" : "");
}

static enum status take(void *arg, struct slice object)
{
    struct job *job = arg;
    job->objects++;
    show_progress(job, false);
    return importer_add(job->importer, object);
}

static enum status read_all(FILE *in, struct import_reader *reader, int *ret_error)
{
    char piece[PIECE_BYTES];
    size_t len;
    enum status st = STATUS_OK;
    errno = 0;
    while (st == STATUS_OK && (len = fread(piece, 1, sizeof(piece), in)) > 0)
        st = import_reader_feed(reader, (struct slice){ piece, len });
    *ret_error = ferror(in) ? errno : 0; /* a folder opens, and fails only here */
    return st == STATUS_OK && *ret_error == 0 ? import_reader_end(reader) : st;
}

static const char *reason_of(enum status st, const struct import_reader *reader,
                             const struct store *store, int error)
{
    if (error)
        return strerror(error);
    if (st == STATUS_INVALID || st == STATUS_TOO_BIG)
        return reader->why;
    return st == STATUS_NO_MEMORY ? "out of memory" : store_why(store);
}

static void print_counts(const struct import_counts *c, bool dry_run)
{
    printf("%s%" PRId64 " inserted, %" PRId64 " updated, %" PRId64 " unchanged, %" PRId64
           " stale, %" PRId64 " refused\n",
           dry_run ? "dry run: " : "", c->inserted, c->updated, c->unchanged, c->stale, c->refused);
}

/* What was read before a failure is applied: it is good, and the next run finds it unchanged. */
static int import_from(FILE *in, struct importer *importer)
{
    struct job job = { .importer = importer, .shows_progress = isatty(STDERR_FILENO) == 1 };
    struct import_reader reader = import_reader_make(take, &job);
    int error = 0;
    enum status st = read_all(in, &reader, &error);
    bool is_text = st == STATUS_OK || st == STATUS_INVALID || st == STATUS_TOO_BIG;
    enum status flushed = is_text ? importer_flush(importer) : STATUS_OK;
    show_progress(&job, true);
    if (flushed != STATUS_OK)
        st = flushed;
    if (st != STATUS_OK || error)
        fprintf(stderr, "clerk-worker import: stopped after %" PRId64 " objects: %s\n", job.objects,
                reason_of(st, &reader, importer->store, error));
    print_counts(&importer->counts, importer->dry_run);
    import_reader_release(&reader);
    bool is_done = st == STATUS_OK && !error && importer->counts.refused == 0;
    return is_done && fflush(stdout) == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

static int run(const struct worker_conf *conf, const struct catalog_object *object, FILE *in,
               bool dry_run)
{
    struct store_conf where = { .url = conf->database_url,
                                .delete_mode = (enum store_delete_mode)conf->delete_mode };
    char why[STORE_ERROR_MAX];
    struct importer *importer = calloc(1, sizeof(*importer));
    if (!importer)
        return COMMAND_FAILED;
    *importer = (struct importer){
        .object = object, .dry_run = dry_run, .out = stdout, .complaints = stderr
    };
    int code = COMMAND_FAILED;
    if (store_open(&where, &importer->store, why) == STATUS_OK)
        code = import_from(in, importer);
    else
        fprintf(stderr, "clerk-worker import: %s\n", why);
    importer_release(importer);
    store_close(importer->store);
    free(importer);
    return code;
}

static int refuse(const char *word, const char *why, int code)
{
    fprintf(stderr, "clerk-worker import: %.200s: %s\n", word, why);
    return code;
}

int import_command(const struct worker_conf *conf, int argc, char **argv)
{
    bool dry_run = false;
    const struct option_spec specs[] = { { "--dry-run", OPTION_FLAG, &dry_run, 0, 0 } };
    char why[OPTIONS_ERROR_MAX];
    size_t words = 0;
    if (options_read(argc, argv, specs, 1, &words, why) != STATUS_OK) {
        fprintf(stderr, "clerk-worker import: %s\n", why);
        return COMMAND_WRONG_USE;
    }
    if (words != 2)
        return refuse("expected", "KIND and FILE (- for standard input), see --help",
                      COMMAND_WRONG_USE);
    const struct catalog_object *object = importer_find(argv[0]);
    if (!object)
        return refuse(argv[0], "no such kind of object, see --help", COMMAND_WRONG_USE);
    bool is_stdin = strcmp(argv[1], "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(argv[1], "rb");
    if (!in)
        return refuse(argv[1], strerror(errno), COMMAND_WRONG_USE);
    int code = run(conf, object, in, dry_run);
    if (!is_stdin)
        fclose(in);
    return code;
}
