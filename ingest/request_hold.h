#ifndef CLERK_REQUEST_HOLD_H
#define CLERK_REQUEST_HOLD_H

#include <stdbool.h>

struct bufferevent;
struct evhttp_request;

/* A request whose answer comes later. evhttp stops reading from its connection once it has the
 * whole request and starts again with the answer: to take the descriptor out of epoll and to put it
 * back costs more than to read it. While a request is held its connection goes on reading, within
 * the limit of its buffer, and nobody looks at what comes before the answer is out. */

/* Belongs to the caller; has to stay where it is until the request is answered. */
struct request_hold {
    void (*event_cb)(struct bufferevent *bev, short what, void *arg); /* evhttp's */
    void *arg;
    bool ended; /* the peer will send nothing more, or is gone: let the answer be the last one */
};

/* Only in evhttp's callback for the request, which has to have its connection still. Ends by itself
 * with the answer or with the connection. A peer that closes its side meanwhile is answered all the
 * same; evhttp hears of that with the answer, but of a time that is up at once. */
void request_hold_begin(struct request_hold *hold, struct evhttp_request *request);

#endif
