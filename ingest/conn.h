#ifndef CLERK_CONN_H
#define CLERK_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/clock.h"
#include "common/counters.h"
#include "common/status.h"

struct bufferevent;
struct evbuffer_cb_entry;
struct event;

/* One connection of evhttp, watched from outside: what it is at shows in its buffers, and that
 * evhttp has let go of it in its callbacks being gone. */

enum { CONN_IDLE_MS = 30 * 1000 }; /* how long it may stay between two requests */

enum conn_state {
    CONN_FRESH,     /* accepted, nothing came yet */
    CONN_IDLE,      /* between two requests */
    CONN_RECEIVING, /* a request has begun, or waits for its answer */
    CONN_ANSWERING, /* an answer is on its way out */
};

TAILQ_HEAD(conn_list, conn);

/* The connections of one guard, and what it made for them; pointers are borrowed. conn_watch()
 * enters a connection, conn_free() strikes it off, and in between it keeps its places itself. */
struct conn_set {
    size_t buffer_max_bytes;     /* see conn_guard_conf */
    int64_t request_deadline_ms; /* see conn_guard_conf */
    const struct clock *clock;
    const struct counters *counters; /* of ingest_counters.h; the number of connections is kept */
    struct event *reap;              /* made active after an answer: evhttp may let go of it now */

    struct conn_list all;   /* first those with is_answered */
    struct conn_list quiet; /* CONN_FRESH and CONN_IDLE, the longest first */
    size_t count;           /* of all */
};

struct conn {
    TAILQ_ENTRY(conn) entry;
    TAILQ_ENTRY(conn) quiet_entry; /* of the quiet list, while on it */
    struct conn_set *set;
    struct bufferevent *bev; /* an extra reference: readable after evhttp has let go of it */
    struct evbuffer_cb_entry *input_cb;
    struct evbuffer_cb_entry *output_cb;
    enum conn_state state;
    bool is_answered; /* an answer went out since the guard last looked */
    bool is_bounded;  /* the limit of its input is set */
    int64_t quiet_since_ms;
    int64_t deadline_ms;
};

/* Watches bev, a connection that evhttp is about to accept, as CONN_FRESH. STATUS_NO_MEMORY: it is
 * not in the set; the limit of its input is set all the same, and evhttp's own timeout is left. */
enum status conn_watch(struct conn_set *set, struct bufferevent *bev) MUST_CHECK;

/* Whether no request is under way: CONN_FRESH or CONN_IDLE. */
bool conn_is_quiet(const struct conn *conn);

/* Whether evhttp has let go of it, so that nothing is left to do but conn_free(). */
bool conn_is_left(const struct conn *conn);

/* As if the peer had been silent for too long: evhttp then closes it itself, within this call as a
 * rule; conn_is_left() tells. Not from a callback of this connection. */
void conn_close(struct conn *conn);

/* Strikes it off and forgets it, without closing it if evhttp still has it. */
void conn_free(struct conn *conn);

#endif
