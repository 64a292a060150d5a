#ifndef CLERK_QUEUE_WRITER_WIRE_H
#define CLERK_QUEUE_WRITER_WIRE_H

#include "common/status.h"

struct event_base;
struct redisAsyncContext;

/* queue_wire: the place of a connection of hiredis in the event loop, a part of queue_writer_link.
 * Unlike hiredis' own adapter it does not ask the kernel whether it may write: the commands of one
 * turn of the loop, and those of the next, which is due at once, go out together when that ends. */

/* Reads and writes for ac in base's loop from now on; ends with ac. STATUS_NO_MEMORY: ac is as it
 * was. */
enum status queue_wire_attach(struct event_base *base, struct redisAsyncContext *ac) MUST_CHECK;

#endif
