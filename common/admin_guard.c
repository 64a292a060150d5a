#include "common/admin_guard.h"

#include <stdlib.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "common/clock.h"

enum { SWEEP_MS = 250 };

struct connection {
    struct bufferevent *bev;
    int64_t deadline_ms;
};

struct admin_guard {
    struct evconnlistener *listener;
    struct event *sweep;
    struct connection connections[ADMIN_CONNECTIONS_MAX];
    size_t count;
};

/* evhttp clears the callbacks of a connection that it is done with. */
static bool is_finished(struct bufferevent *bev)
{
    bufferevent_event_cb on_event = NULL;

    bufferevent_getcb(bev, NULL, NULL, &on_event, NULL);
    return on_event == NULL;
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct admin_guard *guard = arg;
    int64_t now_ms = clock_system.mono_ms();
    size_t kept = 0;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < guard->count; i++) {
        struct connection c = guard->connections[i];

        if (is_finished(c.bev)) {
            (void)bufferevent_decref(c.bev);
            continue;
        }
        if (now_ms >= c.deadline_ms) /* evhttp tears it down as if it had fallen silent */
            bufferevent_trigger_event(c.bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
        guard->connections[kept++] = c;
    }
    guard->count = kept;
    if (kept < ADMIN_CONNECTIONS_MAX)
        (void)evconnlistener_enable(guard->listener);
}

/* evhttp asks for the bufferevent of a connection it has just accepted. The count cannot pass the
 * maximum: the listener is off from there on until the sweep. */
static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
    struct admin_guard *guard = arg;
    struct bufferevent *bev;

    if (guard->count == ADMIN_CONNECTIONS_MAX)
        return NULL;
    bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        return NULL;
    /* A chunk's size line has no limit in evhttp; the deadline ends what this holds up. */
    bufferevent_setwatermark(bev, EV_READ, 0, ADMIN_READ_AHEAD_MAX);
    bufferevent_incref(bev);
    guard->connections[guard->count++] = (struct connection){
        .bev = bev,
        .deadline_ms = clock_system.mono_ms() + ADMIN_DEADLINE_MS,
    };
    if (guard->count == ADMIN_CONNECTIONS_MAX)
        (void)evconnlistener_disable(guard->listener);
    return bev;
}

/* No file descriptor is left: without a pause the loop would try again at once, for ever; the next
 * sweep ends the pause. arg is evhttp's: a listener has one argument for all its callbacks. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    (void)evconnlistener_disable(listener);
}

struct admin_guard *admin_guard_new(struct event_base *base, struct evhttp *http,
                                    struct evconnlistener *listener)
{
    const struct timeval interval = { .tv_sec = 0, .tv_usec = SWEEP_MS * 1000L };
    struct admin_guard *guard = calloc(1, sizeof(*guard));

    if (guard == NULL)
        return NULL;
    guard->listener = listener;
    guard->sweep = event_new(base, -1, EV_PERSIST, on_sweep, guard);
    if (guard->sweep == NULL || event_add(guard->sweep, &interval) != 0) {
        if (guard->sweep != NULL)
            event_free(guard->sweep);
        free(guard);
        return NULL;
    }
    evhttp_set_bevcb(http, on_connection, guard);
    evconnlistener_set_error_cb(listener, on_accept_error);
    return guard;
}

void admin_guard_extend(struct admin_guard *guard, const struct bufferevent *bev, int64_t ms)
{
    for (size_t i = 0; i < guard->count; i++)
        if (guard->connections[i].bev == bev)
            guard->connections[i].deadline_ms = clock_system.mono_ms() + ms;
}

void admin_guard_free(struct admin_guard *guard)
{
    if (guard == NULL)
        return;
    for (size_t i = 0; i < guard->count; i++)
        (void)bufferevent_decref(guard->connections[i].bev);
    event_free(guard->sweep);
    free(guard);
}
