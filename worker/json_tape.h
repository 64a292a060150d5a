#ifndef CLERK_JSON_TAPE_H
#define CLERK_JSON_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

/* JSON taken apart in one pass: where each key and each value begins and ends, in the order of the
 * text. Nothing is copied or converted; json_node.h finds its way about in it. The pass is also the
 * judge: it takes what RFC 8259 allows and nothing else (cJSON takes 01, 1. and raw control
 * characters; PostgreSQL's json type does not). Not judged: whether the text is UTF-8, and whether
 * surrogates come in pairs, which the grammar leaves open; see is_spoilt. */

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* A value, or a member's key; the value is the token that follows its key. */
struct json_token {
    /* place and length in the text, brackets and quotes included */
    uint32_t begin;
    uint32_t len;
    /* the token behind this one and all that is inside it */
    uint32_t next;
    uint8_t kind;
    /* a string with a backslash in it */
    bool is_escaped;
    /* a string of which no text can be made, though it is good JSON: there is an escaped NUL or
     * half a surrogate pair in it */
    bool is_spoilt;
};

/* See json_index.h. */
enum { JSON_INDEX_SLOTS = 128 };
struct json_index {
    bool is_built;
    /* the token of the object */
    uint32_t object;
    /* tokens of its keys, each from the slot on that the key leads to; 0: free */
    uint32_t keys[JSON_INDEX_SLOTS];
};

struct json_tape {
    struct slice text;
    /* count of them, the whole value first */
    struct json_token *tokens;
    size_t count;
    size_t capacity;
    /* some token is */
    bool is_spoilt;
    /* of one object at most */
    struct json_index index;
};

/* Takes text apart: one value with nothing but white space around it. text must outlive *ret_tape.
 * STATUS_INVALID: it is not that. STATUS_TOO_BIG: nested deeper than JSON_SCAN_DEPTH_MAX, or 4 GiB
 * long. STATUS_NO_MEMORY. Release with json_tape_release(). */
enum status json_tape_read(struct slice text, struct json_tape *ret_tape) MUST_CHECK;

/* Frees. {0} is fine. */
void json_tape_release(struct json_tape *tape);

#endif
