#ifndef CLERK_IMPORT_READER_H
#define CLERK_IMPORT_READER_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/status.h"

/* Finds the objects in what Clerk's Backend API answers, however it was put together: a JSON array,
 * {"data":[…],"total_count":N} pages, one object on each line, and any of these one after the
 * other. The text comes in pieces of any size; only one page or object is held at a time. Source:
 * Clerk's OpenAPI file bapi/2025-04-10.yml. */

enum { IMPORT_VALUE_MAX_BYTES = 64 << 20 /* of one page or object */ };

/* One object, borrowed for the call. Anything but STATUS_OK ends the reading with that status. */
typedef enum status import_object_fn(void *arg, struct slice object);

struct import_reader {
    import_object_fn *fn;
    void *arg;
    /* the object or page that has begun; at most IMPORT_VALUE_MAX_BYTES */
    struct buf value;
    /* where the walk stands inside it: brackets open, inside a string, behind a backslash */
    int depth;
    bool in_string;
    bool escaped;
    /* between the elements of an array of the outermost level */
    bool in_array;
    /* what is wrong with the text, a string constant; for the caller after a failure */
    const char *why;
};

/* A reader at the start. Release with import_reader_release(). */
struct import_reader import_reader_make(import_object_fn *fn, void *arg);

/* Takes the next piece and calls fn for each object that is complete. STATUS_INVALID,
 * STATUS_TOO_BIG: why says in one line what is wrong with the text. STATUS_NO_MEMORY, and whatever
 * fn returned: the reading is over. */
enum status import_reader_feed(struct import_reader *reader, struct slice piece) MUST_CHECK;

/* The text is over. STATUS_INVALID: in the middle of something. */
enum status import_reader_end(struct import_reader *reader) MUST_CHECK;

/* Frees. {0} is fine. */
void import_reader_release(struct import_reader *reader);

#endif
