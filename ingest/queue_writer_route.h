#ifndef CLERK_QUEUE_WRITER_ROUTE_H
#define CLERK_QUEUE_WRITER_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/redis_url.h"
#include "ingest/queue_health.h"

struct name_lookup;

/* queue_route: where the next connection goes: to the socket or address of the URL, to what its
 * host name stands for now, or to the master that its sentinels name. A part of
 * queue_writer_link. */

enum queue_route_state {
    ROUTE_ASKING,  /* on a thread, for at most 2 s: step again later */
    ROUTE_KNOWN,   /* at holds it */
    ROUTE_UNKNOWN, /* why says why; the next step asks anew */
};

/* Zero but for url before the first step. */
struct queue_route {
    const struct redis_url *url; /* borrowed */
    /* a connection to at is set up: others go there, too, and nobody is asked */
    bool settled;
    /* numeric; not for a socket */
    struct redis_place at;
    char why[QUEUE_HEALTH_WHY_MAX];

    /* its own */
    struct name_lookup *lookup; /* NULL: not asking */
    int64_t give_up_ms;
    size_t questions;
    struct redis_place master;
};

/* One step; now_ms: monotonic. Does not block. */
enum queue_route_state queue_route_step(struct queue_route *route, int64_t now_ms);

/* To be told that a connection to at is set up: logs a master that is not the last one. */
void queue_route_note_arrival(struct queue_route *route);

/* To be told that none is any more: the next step asks anew. */
void queue_route_forget(struct queue_route *route);

/* Lets go of a question under way. */
void queue_route_release(struct queue_route *route);

#endif
