#ifndef CLERK_QUEUE_BROWSE_H
#define CLERK_QUEUE_BROWSE_H

#include "common/status.h"
#include "worker/queue_reader.h"

struct redis_link;

/* Looking at waiting entries without taking them, and putting one back. Source: XRANGE, XADD.
 * STATUS_UNAVAILABLE: redis_link_why() says why. All calls block. */

/* The oldest entries, at most max, that come behind entry id after ("": from the start), whoever
 * holds them. Empty with STATUS_OK: there are no more. The batch is yours: batch_release().
 * STATUS_NO_MEMORY. */
enum status queue_browse_next(struct redis_link *link, const struct queue_conf *conf,
                              struct slice after, size_t max, struct batch *ret_batch) MUST_CHECK;

/* Who has been given an entry. Source: XPENDING. */
enum { QUEUE_HOLDER_MAX = 200 };
struct queue_holder {
    char name[QUEUE_HOLDER_MAX + 1]; /* of the consumer; empty: nobody yet */
    int64_t idle_ms;                 /* since it was given */
    int64_t deliveries;
};
enum status queue_browse_holder(struct redis_link *link, const struct queue_conf *conf,
                                struct slice entry_id, struct queue_holder *ret_holder) MUST_CHECK;

/* Appends an entry with the fields that clerk-ingest writes (see common/stream.h), from svix_id,
 * type, sent_s, received_ms and body; STATUS_OK once Redis has confirmed it. After
 * STATUS_UNAVAILABLE it may be in the stream all the same. */
enum status queue_browse_put(struct redis_link *link, const struct queue_conf *conf,
                             const struct queue_entry *entry) MUST_CHECK;

#endif
