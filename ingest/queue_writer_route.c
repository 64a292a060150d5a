#include "ingest/queue_writer_route.h"

#include <stdio.h>

#include "common/log.h"
#include "ingest/name_lookup.h"

enum { LOOKUP_DEADLINE_MS = 2000 };

static enum queue_route_state give_up(struct queue_route *route, const char *why)
{
    snprintf(route->why, sizeof(route->why), "%s", why);
    queue_route_release(route);
    return ROUTE_UNKNOWN;
}

/* hiredis would look a name up itself, and block for as long as no name server answers. */
static enum queue_route_state begin(struct queue_route *route, int64_t now_ms)
{
    const struct redis_url *url = route->url;

    if (url->unix_socket || (url->sentinel_count == 0 && name_is_address(url->at.host))) {
        route->at = url->at;
        return ROUTE_KNOWN;
    }
    if (name_lookup_start(url, route->questions++, &route->lookup) != STATUS_OK)
        return give_up(route, "out of memory");
    route->give_up_ms = now_ms + LOOKUP_DEADLINE_MS;
    return ROUTE_ASKING;
}

enum queue_route_state queue_route_step(struct queue_route *route, int64_t now_ms)
{
    const char *why = NULL;

    if (route->settled)
        return ROUTE_KNOWN;
    if (!route->lookup)
        return begin(route, now_ms);
    if (!name_lookup_is_done(route->lookup)) {
        if (now_ms < route->give_up_ms)
            return ROUTE_ASKING;
        return give_up(route, route->url->sentinel_count > 0 ? "the sentinels are silent"
                                                             : "the name servers are silent");
    }
    if (name_lookup_result(route->lookup, &route->at, &why) != STATUS_OK)
        return give_up(route, why);
    queue_route_release(route);
    return ROUTE_KNOWN;
}

void queue_route_note_arrival(struct queue_route *route)
{
    bool is_first = route->master.host[0] == '\0';

    route->settled = true;
    if (route->url->sentinel_count == 0 || redis_place_equals(&route->at, &route->master))
        return;
    route->master = route->at;
    if (!is_first)
        log_info("event=redis_master_changed address=%s port=%d action=going_on_there",
                 route->at.host, route->at.port);
}

void queue_route_forget(struct queue_route *route)
{
    route->settled = false;
}

void queue_route_release(struct queue_route *route)
{
    name_lookup_free(route->lookup);
    route->lookup = NULL;
}
