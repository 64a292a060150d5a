#ifndef CLERK_QUEUE_WRITER_LANES_H
#define CLERK_QUEUE_WRITER_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/redis_url.h"
#include "common/slice.h"
#include "common/status.h"
#include "ingest/queue_writer_link.h"

struct event_base;
struct queue_lanes;

/* queue_lanes, the connections of queue_writer. Redis takes 16 KB of one connection, about five
 * events, in each turn of its loop, and syncs its log once a turn: with several connections more
 * events share a sync. What waits for an answer fills the first connection with one such turn, then
 * the next; so few events under way stay on few connections, where one call to the kernel is enough
 * for all. A connection is opened when those before it have been full, and kept from then on.
 *
 * All of them lead to the same Redis. While none is up the first one alone looks for it, and once
 * it is there the others follow. A lost one fails its own calls only and comes back; after the last
 * one, or when Redis says on one that it is the wrong one by now, all start again. */

enum {
    QUEUE_LANES = 16, /* at most */
    /* what goes on one lane while another is empty: what Redis reads at once, less what the
     * protocol adds */
    QUEUE_LANE_TURN_BYTES = 15 * 1024,
    QUEUE_LANES_WHY_MAX = QUEUE_HEALTH_WHY_MAX,
};

/* Everything is borrowed for the life of the lanes. */
struct queue_lanes_conf {
    const struct redis_url *url;
    const char *stream_key;
    const char *stream_group;
};

/* Prepares lanes that are down; ticks open them. Nothing blocks here. STATUS_NO_MEMORY. */
enum status queue_lanes_new(struct event_base *base, const struct queue_lanes_conf *conf,
                            struct queue_lanes **ret_lanes) MUST_CHECK;

/* To be called every 100 ms or so with the monotonic time: queue_link_tick() for all. */
void queue_lanes_tick(struct queue_lanes *lanes, int64_t now_ms);

/* queue_link_send() on one of them. */
enum status queue_lanes_send(struct queue_lanes *lanes, struct slice command, size_t bytes,
                             struct queue_call *call) MUST_CHECK;

/* True while one at least is up. */
bool queue_lanes_are_up(const struct queue_lanes *lanes);

/* True until the very first attempt to connect has ended. */
bool queue_lanes_are_starting(const struct queue_lanes *lanes);

/* True while Redis is too full for another write; see queue_health_has_room(). */
bool queue_lanes_are_full(const struct queue_lanes *lanes);

/* True when one at least is up and the last that was heard of Redis is good: it takes writes, has
 * room, and will not evict the stream. Otherwise why gets one line, fit for a log. */
bool queue_lanes_are_healthy(const struct queue_lanes *lanes, char why[QUEUE_LANES_WHY_MAX]);

/* Connections opened after the first one of each lane. */
size_t queue_lanes_reconnects(const struct queue_lanes *lanes);

/* queue_link_free() for all. NULL is fine. Never call it from answered(). */
void queue_lanes_free(struct queue_lanes *lanes);

#endif
