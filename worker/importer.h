#ifndef CLERK_IMPORTER_H
#define CLERK_IMPORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/status.h"
#include "worker/event.h"

struct arena;
struct catalog_object;
struct store;

/* Applies objects of Clerk's Backend API as if each had come in an event of the moment of its
 * updated_at, through the same decoder and guards, but without a ledger row: later events win, and
 * events older than the object no longer matter. */

enum { IMPORT_PORTION = 100, IMPORT_TYPE_MAX = 80 };

struct import_counts {
    /* written, or in a dry run what would be */
    int64_t inserted;
    int64_t updated;
    /* every column, and every child row, is as it should be */
    int64_t unchanged;
    /* another state, but the row is newer, or the object was deleted */
    int64_t stale;
    /* cannot be applied; each is a line on complaints */
    int64_t refused;
};

struct importer {
    /* Set by the caller, the rest zero; borrowed. The object says of what kind all of them are. */
    struct store *store;
    const struct catalog_object *object;
    /* everything is undone, and each change is a line on out */
    bool dry_run;
    FILE *out;
    /* why an object was refused */
    FILE *complaints;

    /* To be read by the caller: of the portions that were applied. */
    struct import_counts counts;

    /* The portion that is being gathered: its events, their number, the bytes of their texts and
     * the memory of these; and its lines, printed once it is done. */
    struct event events[IMPORT_PORTION];
    size_t count;
    size_t bytes;
    struct arena *arena;
    struct buf lines;
};

/* The object that a word of the command line means: "users", "memberships", "organization_domains".
 * NULL: none. Words by number, for help and errors; NULL behind the last. */
const struct catalog_object *importer_find(const char *word);
const char *importer_word(size_t i);

/* Takes one object (copied); applies a portion when it is full, where the database is away with a
 * few tries and pauses. An object that cannot be applied is counted, not a failure.
 * STATUS_UNAVAILABLE, STATUS_FATAL, STATUS_STOPPED: nothing of this portion was changed, and it is
 * forgotten; store_why() says why. STATUS_NO_MEMORY. Blocks. */
enum status importer_add(struct importer *imp, struct slice object) MUST_CHECK;

/* Applies what is left. Statuses as above. */
enum status importer_flush(struct importer *imp) MUST_CHECK;

/* Frees, and forgets what was not applied. */
void importer_release(struct importer *imp);

#endif
