#ifndef CLERK_WEBHOOK_H
#define CLERK_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/counters.h"
#include "common/histogram.h"
#include "common/slice.h"
#include "common/status.h"

struct event_filter;
struct evhttp;
struct queue_writer;
struct signature_keys;
struct webhook;

/* One request in, one answer (answer.h) out: 200 only for what Redis has confirmed or EVENT_TYPES
 * leaves out. The order of the checks: raw path, method, framing, size, headers, signature, age. A
 * request whose end could be found in two ways is answered and its connection closed.
 *
 * What cannot be looked at for want of memory is answered 503, as what Redis does not take.
 *
 * evhttp itself answers, with pages of its own, what never becomes a request: 400 for what is not
 * HTTP or has too large a header, 413 for a body that is WEBHOOK_BODY_SLACK over the limit, 417 for
 * an Expect that it does not know. */

enum {
    WEBHOOK_BODY_SLACK = 64 * 1024,
    WEBHOOK_HEADERS_MAX = 16 * 1024,
    WEBHOOK_BUFFER_EXTRA = 2 * WEBHOOK_BODY_SLACK, /* what a request may have beside a full body */
};

/* All borrowed for the life of the webhook, but keys. */
struct webhook_conf {
    /* the raw paths that take webhooks; everything else is 404 */
    const struct slice *paths;
    size_t path_count;
    /* which types are stored; others are answered 200 all the same */
    const struct event_filter *filter;
    /* see signature_verify() */
    int64_t tolerance_s;
    /* a longer body is answered 413 */
    size_t body_limit_bytes;
    /* where verified webhooks go */
    struct queue_writer *queue;
    /* of ingest_counters.h, both */
    const struct counters *counters;
    const struct histograms *histograms;
    const struct clock *clock;
};

/* Takes over all requests of http and sets its limits. Takes *keys and clears it, also on failure.
 * http has to be told to listen by somebody else, and evhttp_free() must come after the last
 * pending answer. STATUS_NO_MEMORY. */
enum status webhook_new(struct evhttp *http, const struct webhook_conf *conf,
                        struct signature_keys **keys, struct webhook **ret_webhook) MUST_CHECK;

/* Verifies with these secrets from now on. Takes *keys and clears it. */
void webhook_set_keys(struct webhook *webhook, struct signature_keys **keys);

/* From now on each answer closes its connection. */
void webhook_drain(struct webhook *webhook);

/* Requests that wait for Redis. Each of them is answered by the queue writer's deadline. */
size_t webhook_pending_count(const struct webhook *webhook);

/* Frees. NULL is fine. Only when nothing is pending and http will not call any more. */
void webhook_free(struct webhook *webhook);

#endif
