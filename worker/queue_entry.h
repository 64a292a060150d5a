#ifndef CLERK_QUEUE_ENTRY_H
#define CLERK_QUEUE_ENTRY_H

#include "common/status.h"
#include "worker/queue_reader.h"

struct redisReply;

/* Reads what Redis answers about stream entries. Knows the shape of replies and nothing of
 * connections. */

/* Takes *reply, the list of entries [[id, [field, value, …]], …] being `entries` somewhere inside
 * it, and makes a batch of it; on success *reply is NULL and the batch owns it. Fields are found by
 * name; an entry that was deleted from the stream while pending has no fields and comes with an
 * empty svix_id, to be acknowledged away. Entries of any other shape likewise. STATUS_NO_MEMORY:
 * *reply is still yours. */
enum status batch_from_reply(struct redisReply **reply, const struct redisReply *entries,
                             struct batch *ret_batch) MUST_CHECK;

/* Sets the deliveries of batch's entries from an XPENDING answer [[id, consumer, idle, deliveries],
 * …]. */
void batch_set_deliveries(struct batch *batch, const struct redisReply *pending);

/* The milliseconds part of an entry id "1788256800044-0"; 0 when it is malformed. */
int64_t entry_id_ms(struct slice entry_id);

#endif
