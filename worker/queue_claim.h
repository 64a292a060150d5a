#ifndef CLERK_QUEUE_CLAIM_H
#define CLERK_QUEUE_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "worker/queue_reader.h"

struct redis_link;

/* The entries that dead consumers left, taken over a few at a time: queue_reader's part that knows
 * XAUTOCLAIM and XPENDING. Statuses as in queue_reader.h. */
struct queue_claim {
    /* when to look again, by the monotonic clock */
    int64_t next_ms;
    /* where in the group's pending entries to go on; "" and "0-0": at the beginning */
    char cursor[QUEUE_ENTRY_ID_MAX + 1];
};

bool queue_claim_is_due(const struct queue_claim *claim, const struct queue_conf *conf);

/* Goes through the pending entries of the whole group until something was claimed or the end is
 * reached, or for a bounded number of calls: the next call goes on from there. Blocks. The batch is
 * yours. */
enum status queue_claim_take(struct queue_claim *claim, const struct queue_conf *conf,
                             struct redis_link *link, size_t max,
                             struct batch *ret_batch) MUST_CHECK;

/* Sets how often the entries of a batch of ours were delivered, in one question. Blocks. */
enum status queue_claim_deliveries(const struct queue_conf *conf, struct redis_link *link,
                                   struct batch *batch) MUST_CHECK;

#endif
