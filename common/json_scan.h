#ifndef CLERK_JSON_SCAN_H
#define CLERK_JSON_SCAN_H

#include <stdbool.h>

#include "common/slice.h"
#include "common/status.h"
#include "common/utf8.h" /* utf8_is_valid() */

/* Walks JSON text without building a tree and without copying: finds where values begin and end. It
 * balances brackets and strings and checks separators; it does not judge the inside of numbers and
 * literals (a parser does that later). White space is any byte up to 0x20, as cJSON takes it, so
 * that nothing which that parser accepts is refused here. Source: RFC 8259. */

enum { JSON_SCAN_DEPTH_MAX = 128 }; /* brackets inside brackets; deeper is STATUS_TOO_BIG */

/* A walk over the members of one object or the elements of one array. */
struct json_iter {
    struct slice rest;
    bool is_object;
    bool first;
};

/* Cuts one value off the front of *text (white space before it is skipped): *ret_value gets its
 * exact bytes, *text what follows. STATUS_INVALID: no whole value there. STATUS_TOO_BIG: nested too
 * deeply. Both outputs untouched then. */
enum status json_scan_value(struct slice *text, struct slice *ret_value) MUST_CHECK;

/* True when text is one value with nothing but white space around it; *ret_value gets its exact
 * bytes. */
bool json_scan_whole(struct slice text, struct slice *ret_value);

/* Starts a walk over value, an object or an array. False where the first byte is no bracket. A
 * value that json_scan_value() gave needs no more; of any other the caller has seen to it that the
 * first and the last byte are a pair of brackets, and the walk to its end judges what is between
 * them. */
bool json_iter_begin(struct slice value, struct json_iter *ret_iter);

/* The next member or element. key: the raw bytes between the quotes (empty in arrays); value: exact
 * bytes. STATUS_NOT_FOUND: the end. STATUS_INVALID, STATUS_TOO_BIG: as above; the walk cannot go
 * on. */
enum status json_iter_next(struct json_iter *it, struct slice *ret_key,
                           struct slice *ret_value) MUST_CHECK;

/* True when the raw key or string body (without quotes, maybe with escapes) spells name. */
bool json_spells(struct slice raw, struct slice name);

/* True when each escape in a raw string body stands for a character that a text may hold: none is
 * malformed, none is NUL or half a surrogate pair. */
bool json_is_text(struct slice raw);

#endif
