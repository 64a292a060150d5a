#include "ingest/conn_door.h"

#include <event2/event.h>
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

static void on_knock(evutil_socket_t fd, short what, void *arg)
{
    struct conn_door *door = arg;

    (void)fd;
    (void)what;
    door->conf.on_knock(door->conf.arg);
}

enum status conn_door_open(struct conn_door *door, const struct conn_door_conf *conf, int fd)
{
    struct evconnlistener *listener = evconnlistener_new(
        conf->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);

    if (!listener) {
        (void)evutil_closesocket(fd);
        return STATUS_NO_MEMORY;
    }
    door->conf = *conf;
    door->knock = event_new(conf->base, fd, EV_READ, on_knock, door);
    door->socket = door->knock ? evhttp_bind_listener(conf->http, listener) : NULL;
    if (!door->socket) {
        evconnlistener_free(listener);
        conn_door_close(door);
        return STATUS_NO_MEMORY;
    }
    door->listener = listener;
    evconnlistener_set_error_cb(listener, on_accept_error);
    return STATUS_OK;
}

void conn_door_pause(struct conn_door *door)
{
    if (!door->socket)
        return;
    (void)evconnlistener_disable(door->listener);
    (void)event_add(door->knock, NULL);
}

void conn_door_resume(struct conn_door *door)
{
    if (!door->socket)
        return;
    (void)event_del(door->knock);
    (void)evconnlistener_enable(door->listener);
}

void conn_door_close(struct conn_door *door)
{
    if (door->knock)
        event_free(door->knock);
    if (door->socket)
        evhttp_del_accept_socket(door->conf.http, door->socket);
    door->knock = NULL;
    door->socket = NULL;
}
