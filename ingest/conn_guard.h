#ifndef CLERK_CONN_GUARD_H
#define CLERK_CONN_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/counters.h"
#include "common/status.h"

struct event_base;
struct evhttp;
struct conn_guard;

/* The limits that evhttp 2.1 lacks. Its timeout is per read, so one byte a second holds a
 * connection for ever; it takes any number of connections; it spins when descriptors run out; and
 * it reads chunk lines without end. Here each connection has a deadline, a swept list holds them
 * all, and no connection buffers more than conf.buffer_max_bytes of what evhttp has not yet taken.
 * At the limit the listener pauses; when another connection then waits to be let in, the one that
 * has been quiet for longest (accepted and nothing came, or between two requests) is closed for it.
 * Where none is quiet it waits until one is, or is gone. After an error the listener pauses until
 * the next sweep. */

enum {
    CONN_GUARD_SWEEP_MS = 250, /* deadlines are kept to within this */
    CONN_GUARD_SPARE_MS = 250, /* quiet for less: its request may be on the way, so it stays */
};

/* Everything is borrowed for the life of the guard. */
struct conn_guard_conf {
    size_t max_connections;
    /* What a connection may hold of what evhttp has not yet taken. evhttp takes a body, or a chunk
     * of one, only when all of it is there, so this has to exceed the largest body that is let in.
     */
    size_t buffer_max_bytes;
    /* From a request's first byte (or, for the first request, from accept) to the end of its
     * answer, counted anew once the answer begins. Past it the connection is closed without a word.
     */
    int64_t request_deadline_ms;
    const struct clock *clock;
    const struct counters *counters; /* of ingest_counters.h */
};

/* Installs itself in http (its bufferevent callback) and starts to sweep. No connection may exist
 * yet. STATUS_NO_MEMORY. */
enum status conn_guard_new(struct event_base *base, struct evhttp *http,
                           const struct conn_guard_conf *conf,
                           struct conn_guard **ret_guard) MUST_CHECK;

/* Starts accepting on fd, a listening non-blocking socket, which becomes the guard's also on
 * failure. At most one. STATUS_NO_MEMORY. */
enum status conn_guard_listen(struct conn_guard *guard, int fd) MUST_CHECK;

/* Stops accepting, closes the socket, and from now on closes connections that are between requests
 * (at the next sweep). Those within a request go on. */
void conn_guard_drain(struct conn_guard *guard);

/* Connections within a request: from its first byte until its answer has been sent. */
size_t conn_guard_busy_count(const struct conn_guard *guard);

/* Forgets all connections without closing them, stops accepting, and frees. Before evhttp_free(),
 * which closes them. NULL is fine. */
void conn_guard_free(struct conn_guard *guard);

#endif
