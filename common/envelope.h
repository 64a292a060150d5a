#ifndef CLERK_ENVELOPE_H
#define CLERK_ENVELOPE_H

#include "common/slice.h"
#include "common/status.h"

/* The top level of a Clerk webhook body:
 * {"data":{…},"object":"event","type":"user.created","timestamp":1788256800044,
 * "instance_id":"ins_…"}, keys in any order. Source: Clerk's OpenAPI file webhooks/2025-04-15.yml.
 */
struct envelope {
    /* text between the quotes; empty when absent, not a string, or holding an escape */
    struct slice type;
    /* likewise */
    struct slice instance_id;
    /* the raw number; empty when absent or not a number */
    struct slice timestamp;
    /* the exact bytes of the value, of any kind; empty when absent */
    struct slice data;
};

/* Reads the top level of body. Slices point into body. Of a repeated key the first counts, as in
 * cJSON. Unknown keys and a byte order mark in front are passed over. STATUS_INVALID: not one JSON
 * object with nothing but white space around it. STATUS_TOO_BIG: nested deeper than
 * JSON_SCAN_DEPTH_MAX. *ret_envelope is untouched then. */
enum status envelope_read(struct slice body, struct envelope *ret_envelope) MUST_CHECK;

/* The type alone, as envelope_read() has it; empty for what that refuses. Looks from the end, where
 * Clerk writes it, and walks over data only where it does not stand there: what is in front of it
 * is not judged, and of a repeated key the last may count. */
struct slice envelope_type(struct slice body);

#endif
