#ifndef CLERK_REQUEST_HEAD_H
#define CLERK_REQUEST_HEAD_H

#include <stdbool.h>

#include "common/slice.h"
#include "common/status.h"
#include "ingest/signature.h"

struct evkeyvalq;

/* What clerk-ingest wants to know of a request's headers. evhttp looks headers up one by one and
 * silently takes the first of several; here the list is walked once and repetitions are seen. */

enum request_field {
    FIELD_SVIX_ID,
    FIELD_SVIX_TIMESTAMP,
    FIELD_SVIX_SIGNATURE,
    FIELD_WEBHOOK_ID, /* the same three under the names of Standard Webhooks */
    FIELD_WEBHOOK_TIMESTAMP,
    FIELD_WEBHOOK_SIGNATURE,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_COUNT
};

/* One request's fields; values are trimmed and point into the header list. */
struct request_head {
    /* the first of that name, empty where there is none */
    struct slice value[FIELD_COUNT];
    /* how often the name came */
    unsigned seen[FIELD_COUNT];
    /* some name is not an HTTP token, as in "Content-Length :" */
    bool odd_name;
};

/* Reads the list; slices live as long as it does. Never fails. */
void request_head_read(const struct evkeyvalq *headers, struct request_head *ret_head);

/* True when the end of the body can be found in one way only: at most one Content-Length, of
 * digits; or one Transfer-Encoding that is plain "chunked"; never both; and no name that another
 * program might read as one of them. Where it is false, close the connection after the answer: what
 * follows may be a second request smuggled inside the first (RFC 9112, section 11.2). */
bool request_head_is_framed(const struct request_head *head);

/* Fills id, timestamp and signatures of *ret_request from the svix-* headers or, where no svix-*
 * header came, from the webhook-* ones; never from a mix. Slices as those of the head.
 * STATUS_MISSING_HEADER: one of the three is absent or empty. STATUS_INVALID: one came twice. */
enum status request_head_signed(const struct request_head *head,
                                struct signed_request *ret_request) MUST_CHECK;

#endif
