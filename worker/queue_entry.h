#ifndef CLERK_QUEUE_ENTRY_H
#define CLERK_QUEUE_ENTRY_H

#include "common/status.h"
#include "worker/queue_reader.h"

struct redisReply;

/* Reads what Redis answers about stream entries. Knows the shape of replies and nothing of
 * connections. */

/* Takes *reply, the list of entries [[id, [field, value, …]], …] being `entries` somewhere inside
 * it, and makes a batch of the first max of them, which owns it; *reply is NULL afterwards.
 * Fields are found by name. An entry that was deleted from the stream while pending has nil for its
 * fields and comes with is_gone; one that somebody else wrote comes with an empty svix_id; what is
 * no pair of id and fields is left out. STATUS_NO_MEMORY: *reply was freed. */
enum status batch_from_reply(struct redisReply **reply, const struct redisReply *entries,
                             size_t max, struct batch *ret_batch) MUST_CHECK;

/* Sets the deliveries of batch's entries from an XPENDING answer [[id, consumer, idle, deliveries],
 * …]. */
void batch_set_deliveries(struct batch *batch, const struct redisReply *pending);

/* The milliseconds part of an entry id "1788256800044-0"; 0 when it is malformed. */
int64_t entry_id_ms(struct slice entry_id);

#endif
