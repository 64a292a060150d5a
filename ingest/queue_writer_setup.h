#ifndef CLERK_QUEUE_WRITER_SETUP_H
#define CLERK_QUEUE_WRITER_SETUP_H

#include <stdbool.h>

#include "common/redis_url.h"
#include "ingest/queue_health.h"

struct redisAsyncContext;

/* queue_setup: what is said to Redis beside XADD, and what the answers change. A part of
 * queue_writer_link; the fields are for that module to read. */

struct queue_setup {
    /* Borrowed for the life of the setup. */
    const struct redis_url *url;
    const char *stream_key;
    const char *stream_group;
    struct queue_health *health; /* of Redis, which all connections share */

    /* why this connection has failed, one line; "": it has not */
    char trouble[QUEUE_HEALTH_WHY_MAX];
    /* health->answered_bytes when the probe that waits was sent */
    int64_t asked_bytes;
    /* AUTH, ROLE, SELECT and XGROUP CREATE are answered: the connection can be used */
    bool done;
    /* the connection is of no more use; its owner closes it, not from a callback */
    bool must_close;
    /* a probe waits for its answer */
    bool probing;
};

/* Sends AUTH, ROLE (with sentinels: it has to be the master), SELECT (each where the URL says so)
 * and XGROUP CREATE on a connection just opened.
 * The setup has to live until the context is freed. Does not block. */
void queue_setup_start(struct queue_setup *setup, struct redisAsyncContext *ac);

/* Asks for INFO memory and, while there is trouble, tries XGROUP CREATE, which clears it when
 * writes work again. An ACL that refuses either is fine. Does not block. */
void queue_setup_probe(struct queue_setup *setup, struct redisAsyncContext *ac);

/* Notes an error reply to a command of the owner's, which tells of Redis' health. */
void queue_setup_note_error(struct queue_setup *setup, struct slice error);

/* Sets the trouble of this connection: what, and why where it is not "". */
void queue_setup_fail(struct queue_setup *setup, const char *what, const char *why);

#endif
