#ifndef CLERK_QUEUE_WRITER_LINK_H
#define CLERK_QUEUE_WRITER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/redis_url.h"
#include "common/slice.h"
#include "common/status.h"
#include "ingest/queue_health.h"
#include "ingest/queue_writer_route.h"

struct event_base;
struct queue_link;

/* queue_link, one connection of queue_writer: opens it (AUTH, SELECT, XGROUP CREATE), watches over
 * it, and opens it again after a loss. The only module of clerk-ingest that knows hiredis.
 *
 * Callbacks of hiredis must not free the context that calls them, and a stalled server calls
 * nobody: so they only take notes, and whatever follows is done by queue_link_tick(). */

/* Everything is borrowed for the life of the link. */
struct queue_link_conf {
    const char *stream_key;
    const char *stream_group;
    /* what all links share: where Redis is, and how it is */
    struct queue_route *route;
    struct queue_health *health;
    uint64_t seed; /* another one for each link: they come back at different times */
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
    int64_t deadline_ms; /* monotonic; at most a tick later, the connection is given up */

    /* the link's own */
    TAILQ_ENTRY(queue_call) entry;
    size_t bytes;
};

/* Prepares a link that is down; a tick opens it. Nothing blocks here. STATUS_NO_MEMORY. */
enum status queue_link_new(struct event_base *base, const struct queue_link_conf *conf,
                           struct queue_link **ret_link) MUST_CHECK;

/* To be called every 100 ms or so with the monotonic time. Closes the connection where it has
 * failed or where a reply is overdue, opens it (may_open: only then) after a backoff of 100 ms to
 * 2 s, and asks Redis once a second how it is. Where no other link is up, a host name is looked up
 * anew each time, and sentinels are asked (queue_writer_route), for at most 2 s. Calls that were
 * under way on a closed connection are answered from here, with ANSWER_NONE. */
void queue_link_tick(struct queue_link *link, int64_t now_ms, bool may_open);

/* Closes the connection, as queue_link_tick() does, and lets it be opened again soon. */
void queue_link_leave(struct queue_link *link, int64_t now_ms);

/* Sends one command, written by redis_command_write() (copied); bytes is what that returned. It
 * goes out in the next turn of the loop, with all others that came until then.
 * call->answered runs once, later, from the loop, from queue_link_tick(), queue_link_leave() or
 * queue_link_free(); call has to live until then.
 * STATUS_UNAVAILABLE: not connected, or Redis is above its high-water mark; answered will not run.
 * Does not block. */
enum status queue_link_send(struct queue_link *link, struct slice command, size_t bytes,
                            struct queue_call *call) MUST_CHECK;

/* True while a connection is set up. */
bool queue_link_is_up(const struct queue_link *link);

/* True when a connection that was set up has heard that its Redis is the wrong one by now, which
 * holds for all links. */
bool queue_link_is_misled(const struct queue_link *link);

/* The bytes of all calls under way. */
size_t queue_link_bytes(const struct queue_link *link);

/* True until the very first attempt to connect has ended. */
bool queue_link_is_starting(const struct queue_link *link);

/* Why the connection has failed, one line, fit for a log; "": it has not. */
const char *queue_link_trouble(const struct queue_link *link);

/* Connections opened after the first one. */
size_t queue_link_reconnects(const struct queue_link *link);

/* Name and version of the Redis library that this was built with (it cannot be asked for the one in
 * use); a string constant. For --version. */
const char *queue_link_library(void);

/* Closes (answering what is under way with ANSWER_NONE) and frees. NULL is fine. Never call it, nor
 * queue_link_tick() or queue_link_leave(), from answered(). */
void queue_link_free(struct queue_link *link);

#endif
