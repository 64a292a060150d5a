#include "ingest/queue_writer_lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "ingest/queue_health.h"
#include "ingest/queue_writer_route.h"

struct queue_lanes {
    struct queue_link *links[QUEUE_LANES];
    struct queue_route route;
    struct queue_health health;
    size_t up_count; /* when the last tick ended */
    size_t wanted;   /* so many are opened */
};

static size_t count_up(const struct queue_lanes *lanes)
{
    size_t count = 0;

    for (size_t i = 0; i < QUEUE_LANES; i++)
        count += queue_link_is_up(lanes->links[i]);
    return count;
}

static bool is_misled(const struct queue_lanes *lanes)
{
    for (size_t i = 0; i < QUEUE_LANES; i++)
        if (queue_link_is_misled(lanes->links[i]))
            return true;
    return false;
}

static void leave(struct queue_lanes *lanes, int64_t now_ms)
{
    queue_route_forget(&lanes->route);
    for (size_t i = 0; i < QUEUE_LANES; i++)
        queue_link_leave(lanes->links[i], now_ms);
}

void queue_lanes_tick(struct queue_lanes *lanes, int64_t now_ms)
{
    size_t up_count = count_up(lanes);

    if (is_misled(lanes) || (lanes->route.settled && up_count == 0)) {
        leave(lanes, now_ms);
        up_count = 0;
    } else if (up_count < lanes->up_count) {
        log_warn("event=redis_connection_lost left=%zu of=%d "
                 "action=answered_503_to_what_waited_there",
                 up_count, QUEUE_LANES);
    }
    for (size_t i = 0; i < QUEUE_LANES; i++)
        queue_link_tick(lanes->links[i], now_ms, i == 0 || (up_count > 0 && i < lanes->wanted));
    lanes->up_count = count_up(lanes);
}

/* Has so many lanes as it takes to give so many bytes to Redis in one turn. */
static void want(struct queue_lanes *lanes, size_t bytes)
{
    size_t count = 1 + bytes / QUEUE_LANE_TURN_BYTES;

    if (count > lanes->wanted)
        lanes->wanted = count < QUEUE_LANES ? count : QUEUE_LANES;
}

/* The first one with room for a turn of Redis, else the one with the least to do; NULL: all are
 * down. */
static struct queue_link *choose(struct queue_lanes *lanes, size_t bytes)
{
    struct queue_link *least = NULL;
    size_t sum = bytes;

    for (size_t i = 0; i < QUEUE_LANES; i++) {
        struct queue_link *link = lanes->links[i];
        size_t waiting = queue_link_bytes(link);

        if (!queue_link_is_up(link))
            continue;
        if (waiting == 0 || waiting + bytes <= QUEUE_LANE_TURN_BYTES)
            return link;
        if (!least || waiting < queue_link_bytes(least))
            least = link;
        sum += waiting;
    }
    want(lanes, sum);
    return least;
}

enum status queue_lanes_send(struct queue_lanes *lanes, struct slice command, size_t bytes,
                             struct queue_call *call)
{
    struct queue_link *link = choose(lanes, bytes);

    return link ? queue_link_send(link, command, bytes, call) : STATUS_UNAVAILABLE;
}

bool queue_lanes_are_up(const struct queue_lanes *lanes)
{
    return count_up(lanes) > 0;
}

bool queue_lanes_are_starting(const struct queue_lanes *lanes)
{
    return !queue_lanes_are_up(lanes) && queue_link_is_starting(lanes->links[0]) &&
           !queue_health_complaint(&lanes->health);
}

bool queue_lanes_are_full(const struct queue_lanes *lanes)
{
    return lanes->health.full;
}

/* NULL: nothing. Where none is up, the first one is in search of Redis and knows best. */
static const char *complaint(const struct queue_lanes *lanes)
{
    const char *trouble = queue_link_trouble(lanes->links[0]);
    const char *reason = queue_health_complaint(&lanes->health);

    if (queue_lanes_are_up(lanes))
        return reason;
    if (trouble[0] != '\0')
        return trouble;
    return reason ? reason : "connecting";
}

bool queue_lanes_are_healthy(const struct queue_lanes *lanes, char why[QUEUE_LANES_WHY_MAX])
{
    const char *reason = complaint(lanes);

    if (reason)
        snprintf(why, QUEUE_LANES_WHY_MAX, "%s", reason);
    return reason == NULL;
}

size_t queue_lanes_reconnects(const struct queue_lanes *lanes)
{
    size_t count = 0;

    for (size_t i = 0; i < QUEUE_LANES; i++)
        count += queue_link_reconnects(lanes->links[i]);
    return count;
}

enum status queue_lanes_new(struct event_base *base, const struct queue_lanes_conf *conf,
                            struct queue_lanes **ret_lanes)
{
    struct queue_lanes *lanes = calloc(1, sizeof(*lanes));
    enum status st = STATUS_OK;

    if (!lanes)
        return STATUS_NO_MEMORY;
    lanes->route.url = conf->url;
    lanes->wanted = 1;
    for (size_t i = 0; i < QUEUE_LANES && st == STATUS_OK; i++) {
        const struct queue_link_conf link_conf = {
            .stream_key = conf->stream_key,
            .stream_group = conf->stream_group,
            .route = &lanes->route,
            .health = &lanes->health,
            .seed = (uint64_t)getpid() * QUEUE_LANES + i,
        };
        st = queue_link_new(base, &link_conf, &lanes->links[i]);
    }
    if (st == STATUS_OK) {
        *ret_lanes = lanes;
        return STATUS_OK;
    }
    queue_lanes_free(lanes);
    return st;
}

void queue_lanes_free(struct queue_lanes *lanes)
{
    if (!lanes)
        return;
    for (size_t i = 0; i < QUEUE_LANES; i++)
        queue_link_free(lanes->links[i]);
    queue_route_release(&lanes->route);
    free(lanes);
}
