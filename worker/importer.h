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
    int64_t inserted;
    int64_t updated;
    int64_t unchanged; /* every column, and every child row, is as it should be */
    int64_t stale;     /* another state, but the row is newer, or the object was deleted */
    int64_t refused;   /* cannot be applied */
};

struct importer {
    /* Set by the caller; borrowed. */
    struct store *store;
    const struct catalog_object *object;
    bool dry_run; /* everything is undone, and each change is a line on out */
    FILE *out;
    FILE *complaints; /* why an object was refused */

    struct import_counts counts;
    struct arena *arena; /* texts of the portion */
    struct event events[IMPORT_PORTION];
    size_t count;
    size_t bytes;
    struct buf lines; /* of the portion, printed once it is committed */
};

/* The object that a word of the command line means: "users", "memberships", "organization_domains".
 * NULL: none. Words by number, for help and errors; NULL behind the last. */
const struct catalog_object *importer_find(const char *word);
const char *importer_word(size_t i);

/* Takes one object; applies a portion when it is full. STATUS_UNAVAILABLE, STATUS_FATAL: nothing of
 * this portion was changed, store_why() says why. STATUS_NO_MEMORY. Blocks. */
enum status importer_add(struct importer *imp, struct slice object) MUST_CHECK;

/* Applies what is left. Statuses as above. */
enum status importer_flush(struct importer *imp) MUST_CHECK;

/* Frees, and forgets what was not applied. */
void importer_release(struct importer *imp);

#endif
