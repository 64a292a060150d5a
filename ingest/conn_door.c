#include "ingest/conn_door.h"

#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <stddef.h>

/* Out of descriptors, as a rule. The connection stays in the kernel's queue, so without a pause the
 * loop would come back here at once. arg is evhttp's, not ours: a listener has one argument for all
 * its callbacks. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    (void)evconnlistener_disable(listener);
}

enum status conn_door_open(struct conn_door *door, struct event_base *base, struct evhttp *http,
                           int fd)
{
    struct evconnlistener *listener = evconnlistener_new(
        base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

    if (!listener) {
        (void)evutil_closesocket(fd);
        return STATUS_NO_MEMORY;
    }
    door->socket = evhttp_bind_listener(http, listener);
    if (!door->socket) {
        evconnlistener_free(listener);
        return STATUS_NO_MEMORY;
    }
    door->http = http;
    door->listener = listener;
    evconnlistener_set_error_cb(listener, on_accept_error);
    return STATUS_OK;
}

void conn_door_pause(struct conn_door *door)
{
    if (door->socket)
        (void)evconnlistener_disable(door->listener);
}

void conn_door_resume(struct conn_door *door)
{
    if (door->socket)
        (void)evconnlistener_enable(door->listener);
}

void conn_door_close(struct conn_door *door)
{
    if (door->socket)
        evhttp_del_accept_socket(door->http, door->socket);
    door->socket = NULL;
}
