#ifndef CLERK_CONN_DOOR_H
#define CLERK_CONN_DOOR_H

#include "common/status.h"

struct event;
struct event_base;
struct evconnlistener;
struct evhttp;
struct evhttp_bound_socket;

/* Called from the loop, once after each conn_door_pause(), when a connection waits to be let in. */
typedef void conn_door_fn(void *arg);

/* Whom a door serves, all borrowed for its life. */
struct conn_door_conf {
    struct event_base *base;
    struct evhttp *http;
    conn_door_fn *on_knock;
    void *arg; /* of on_knock */
};

/* The listening socket of evhttp, at one address while it is open. {0} is a door that was never
 * opened. */
struct conn_door {
    struct conn_door_conf conf;
    struct evhttp_bound_socket *socket; /* NULL: not open, or closed for good */
    struct evconnlistener *listener;    /* of socket */
    struct event *knock;                /* armed while paused */
};

/* Starts accepting on fd, a listening non-blocking socket, which becomes the door's also on
 * failure. When accepting fails, as it does without descriptors, the door pauses without a knock.
 * STATUS_NO_MEMORY. */
enum status conn_door_open(struct conn_door *door, const struct conn_door_conf *conf,
                           int fd) MUST_CHECK;

/* Leaves new connections waiting in the kernel, or lets them in again. */
void conn_door_pause(struct conn_door *door);
void conn_door_resume(struct conn_door *door);

/* Stops accepting and closes the socket. Repeated calls are fine. */
void conn_door_close(struct conn_door *door);

#endif
