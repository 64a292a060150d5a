#ifndef CLERK_OVERRIDE_H
#define CLERK_OVERRIDE_H

#include "common/buf.h"
#include "common/slice.h"
#include "common/status.h"

/* "path=value" of the command line: one change to a JSON text. Works on the text, so that all the
 * rest keeps its exact bytes. */

enum {
    OVERRIDE_DEPTH_MAX = 16,            /* names in a path */
    OVERRIDE_VALUE_MAX_BYTES = 1 << 20, /* of value as JSON */
};

struct override {
    struct slice path; /* "data.email_addresses.0.email_address"; borrowed */
    struct buf value;  /* JSON text; owned */
};

/* Reads path=value. The path is names joined by dots, none of them empty; where the walk meets an
 * array a name is a position from 0. The value is taken as it is when it is JSON (RFC 8259, so 01
 * and NaN are not), and as a string otherwise; after the first "=" anything goes, nothing too.
 * *ret_override borrows text; override_release() it. STATUS_INVALID: no "=" or a bad path.
 * STATUS_TOO_BIG: over the bounds above. */
enum status override_parse(const char *text, struct override *ret_override) MUST_CHECK;

/* Frees the value. {0} is fine. */
void override_release(struct override *override);

/* Appends json, one object, to out with the change made. A missing member is created, and so are
 * the objects on the way to it; null on the way counts as missing; the position just behind an
 * array's end appends to it. STATUS_INVALID: json is not one object, or the path leads through a
 * text, a number or a boolean, or past the end of an array. STATUS_TOO_BIG: nested too deeply (see
 * json_scan.h). Otherwise the status of out. */
enum status override_apply(const struct override *override, struct slice json,
                           struct buf *out) MUST_CHECK;

#endif
