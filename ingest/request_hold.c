#include "ingest/request_hold.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct request_hold *hold = arg;

    if (what & BEV_EVENT_TIMEOUT)
        hold->event_cb(bev, what, hold->arg);
    else
        hold->ended = true;
}

void request_hold_begin(struct request_hold *hold, struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);

    hold->ended = false;
    bufferevent_getcb(bev, NULL, NULL, &hold->event_cb, &hold->arg);
    bufferevent_setcb(bev, NULL, NULL, on_event, hold);
    (void)bufferevent_enable(bev, EV_READ);
}
