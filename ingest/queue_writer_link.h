#ifndef CLERK_QUEUE_WRITER_LINK_H
#define CLERK_QUEUE_WRITER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/redis_url.h"
#include "common/slice.h"
#include "common/status.h"
#include "ingest/queue_health.h"

struct event_base;
struct queue_link;

/* queue_link, the connection of queue_writer: opens it (AUTH, SELECT, XGROUP CREATE), watches over
 * Redis' health, and opens it again after a loss. The only file of clerk-ingest that knows hiredis.
 *
 * Callbacks of hiredis must not free the context that calls them, and a stalled server calls
 * nobody: so they only take notes, and whatever follows is done by queue_link_tick(). */

enum { QUEUE_LINK_WHY_MAX = QUEUE_HEALTH_WHY_MAX };

/* Everything is borrowed for the life of the link. */
struct queue_link_conf {
    const struct redis_url *url;
    const char *stream_key;
    const char *stream_group;
};

enum queue_answer {
    /* a text: the command was carried out */
    ANSWER_TEXT,
    /* an error reply: it was not */
    ANSWER_ERROR,
    /* the connection died, or an answer of an unexpected kind: nobody knows */
    ANSWER_NONE,
};

/* A command under way. Put it first into a struct of your own. */
struct queue_call {
    void (*answered)(struct queue_call *call, enum queue_answer answer);
};

/* Prepares a link that is down; the first tick opens it. Nothing blocks here. STATUS_NO_MEMORY. */
enum status queue_link_new(struct event_base *base, const struct queue_link_conf *conf,
                           struct queue_link **ret_link) MUST_CHECK;

/* To be called every 100 ms or so with the monotonic time. Closes the connection where it has
 * failed or where a reply is overdue (overdue: the caller's own view of its calls), opens it after
 * a backoff of 100 ms to 2 s, and asks Redis once a second how it is. A host name is looked
 * up anew each time, and sentinels are asked (queue_writer_route), for at most 2 s. Calls that were
 * under way on a closed connection are answered from here, with ANSWER_NONE. */
void queue_link_tick(struct queue_link *link, int64_t now_ms, bool overdue);

/* Sends one command, written by redis_command_write() (copied); bytes is what that returned.
 * call->answered runs once, later, from the loop, from queue_link_tick() or from queue_link_free();
 * call has to live until then.
 * STATUS_UNAVAILABLE: not connected, or Redis is above its high-water mark; answered will not run.
 * Does not block. */
enum status queue_link_send(struct queue_link *link, struct slice command, size_t bytes,
                            struct queue_call *call) MUST_CHECK;

/* True while a connection is set up. */
bool queue_link_is_up(const struct queue_link *link);

/* True while Redis is too full for another write; see queue_health_has_room(). */
bool queue_link_is_full(const struct queue_link *link);

/* True until the very first attempt to connect has ended. */
bool queue_link_is_starting(const struct queue_link *link);

/* True when the connection is set up and the last that was heard of Redis is good: it takes writes,
 * has room, and will not evict the stream. Otherwise why gets one line, fit for a log. */
bool queue_link_is_healthy(const struct queue_link *link, char why[QUEUE_LINK_WHY_MAX]);

/* Connections opened after the first one. */
size_t queue_link_reconnects(const struct queue_link *link);

/* Name and version of the Redis library that this was built with (it cannot be asked for the one in
 * use); a string constant. For --version. */
const char *queue_link_library(void);

/* Closes (answering what is under way with ANSWER_NONE) and frees. NULL is fine. Never call it, nor
 * queue_link_tick(), from answered(). */
void queue_link_free(struct queue_link *link);

#endif
