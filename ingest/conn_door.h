#ifndef CLERK_CONN_DOOR_H
#define CLERK_CONN_DOOR_H

#include "common/status.h"

struct event_base;
struct evconnlistener;
struct evhttp;
struct evhttp_bound_socket;

/* The listening socket of evhttp. {0} is a door that was never opened. */
struct conn_door {
    struct evhttp *http;
    struct evhttp_bound_socket *socket; /* NULL: not open, or closed for good */
    struct evconnlistener *listener;    /* of socket */
};

/* Starts accepting on fd, a listening non-blocking socket, which becomes the door's also on
 * failure. base and http are borrowed for the life of the door. When accepting fails, as it does
 * without descriptors, the door pauses. STATUS_NO_MEMORY. */
enum status conn_door_open(struct conn_door *door, struct event_base *base, struct evhttp *http,
                           int fd) MUST_CHECK;

/* Leaves new connections waiting in the kernel, or lets them in again. */
void conn_door_pause(struct conn_door *door);
void conn_door_resume(struct conn_door *door);

/* Stops accepting and closes the socket. Repeated calls are fine. */
void conn_door_close(struct conn_door *door);

#endif
