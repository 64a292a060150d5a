#ifndef CLERK_ACK_LIST_H
#define CLERK_ACK_LIST_H

#include <stddef.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/queue_reader.h"

struct redis_link;

/* Entries that are committed but not yet acknowledged. They stay on the list until Redis has
 * confirmed, over any number of connections: an acknowledgement sent twice does no harm, one that
 * is forgotten brings the event again. */
struct ack_list {
    size_t count;
    /* NUL-terminated, in the order in which they were added */
    char ids[QUEUE_BATCH_MAX][QUEUE_ENTRY_ID_MAX + 1];
};

/* Copies one id, at most QUEUE_ENTRY_ID_MAX bytes. More than QUEUE_BATCH_MAX of them is a bug. */
void ack_list_add(struct ack_list *list, struct slice entry_id);

/* Puts XDEL and XACK for all of them into the link's output buffer; they travel together and leave
 * XLEN as the true backlog. STATUS_UNAVAILABLE: the connection is gone, the list is as it was. */
enum status ack_list_send(struct ack_list *list, struct redis_link *link, const char *key,
                          const char *group) MUST_CHECK;

/* Reads the two answers and empties the list. STATUS_UNAVAILABLE: not confirmed, the list is as it
 * was. Blocks. */
enum status ack_list_confirm(struct ack_list *list, struct redis_link *link) MUST_CHECK;

#endif
