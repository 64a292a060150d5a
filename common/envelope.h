#ifndef CLERK_ENVELOPE_H
#define CLERK_ENVELOPE_H

#include "common/slice.h"
#include "common/status.h"

/* The top level of a Clerk webhook body:
 * {"data":{…},"object":"event","type":"user.created","timestamp":1788256800044,
 * "instance_id":"ins_…"}, keys in any order. Source: Clerk's OpenAPI file webhooks/2025-04-15.yml.
 */
struct envelope {
    struct slice
        type; /* text between the quotes; empty when absent, not a string, or holding an escape */
    struct slice instance_id; /* likewise */
    struct slice timestamp;   /* the raw number; empty when absent or not a number */
    struct slice data;        /* the exact bytes of the value, of any kind; empty when absent */
};

/* Reads the top level of body. Slices point into body. Of a repeated key the first counts, as in
 * cJSON. Unknown keys and a byte order mark in front are passed over. STATUS_INVALID: not one JSON
 * object with nothing but white space around it. STATUS_TOO_BIG: nested deeper than
 * JSON_SCAN_DEPTH_MAX. *ret_envelope is untouched then. */
enum status envelope_read(struct slice body, struct envelope *ret_envelope) MUST_CHECK;

#endif
