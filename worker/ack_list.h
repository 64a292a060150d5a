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
enum { ACK_LIST_MAX = 2 * QUEUE_BATCH_MAX /* a batch that is confirmed late, and the next one */ };

struct ack_list {
    size_t count;
    /* so many of them, the oldest, were sent and wait for their answer */
    size_t sent;
    /* NUL-terminated, in the order in which they were added */
    char ids[ACK_LIST_MAX][QUEUE_ENTRY_ID_MAX + 1];
};

/* Copies one id, at most QUEUE_ENTRY_ID_MAX bytes. More than ACK_LIST_MAX of them is a bug. */
void ack_list_add(struct ack_list *list, struct slice entry_id);

/* Puts XDEL and XACK for the oldest QUEUE_BATCH_MAX of them into the link's output buffer; they
 * travel together and leave XLEN as the true backlog. STATUS_UNAVAILABLE: the connection is gone,
 * the list is as it was. */
enum status ack_list_send(struct ack_list *list, struct redis_link *link, const char *key,
                          const char *group) MUST_CHECK;

/* Reads the two answers and takes off the list what they are about; what was added meanwhile stays.
 * STATUS_UNAVAILABLE: not confirmed, the list is as it was. Blocks. */
enum status ack_list_confirm(struct ack_list *list, struct redis_link *link) MUST_CHECK;

#endif
