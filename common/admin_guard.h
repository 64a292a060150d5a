#ifndef CLERK_ADMIN_GUARD_H
#define CLERK_ADMIN_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct bufferevent;
struct event_base;
struct evhttp;
struct evconnlistener;

/* Part of admin.c: bounds what evhttp leaves unbounded. Its timeout counts from the last byte, so a
 * byte now and then keeps a connection for ever; it has no limit on connections; and at the limit
 * of file descriptors its listener spins. The guard holds a reference to each connection's
 * bufferevent and looks at all of them four times a second. */
struct admin_guard;

enum {
    ADMIN_CONNECTIONS_MAX = 64,
    ADMIN_DEADLINE_MS = 5000, /* for a connection's whole life */
    ADMIN_READ_AHEAD_MAX = 16 * 1024,
};

/* Watches http, whose connections are accepted by listener, on base; all three are borrowed until
 * admin_guard_free(). NULL: out of memory. */
struct admin_guard *admin_guard_new(struct event_base *base, struct evhttp *http,
                                    struct evconnlistener *listener);

/* Gives a connection ms from now on, in place of what was left to it. */
void admin_guard_extend(struct admin_guard *guard, const struct bufferevent *bev, int64_t ms);

/* Drops the references. Call after evhttp_free(http). NULL is fine. */
void admin_guard_free(struct admin_guard *guard);

#endif
