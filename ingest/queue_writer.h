#ifndef CLERK_QUEUE_WRITER_H
#define CLERK_QUEUE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/redis_url.h"
#include "common/slice.h"
#include "common/status.h"
#include "ingest/queue_writer_lanes.h"

struct event_base;
struct queue_writer;

/* The way into the Redis stream: a few connections (queue_writer_lanes), many XADDs under way at
 * once, everything with a deadline. Loses connections, finds them again by itself (backoff of
 * 100 ms to 2 s with jitter) and never repeats a write: an XADD whose outcome is unknown is
 * reported as not stored, the sender repeats it, and the worker drops the double. Events under way
 * together may enter the stream in any order; the worker does not mind.
 *
 * Runs on one event loop and one thread. While there is no connection, a host name in the address
 * is looked up, or the sentinels asked, on a thread that ends with it, as their silence would keep
 * the loop waiting. */

enum {
    /* from queue_writer_add(); kept to within 100 ms, so a sender hears within 2 s */
    QUEUE_WRITE_DEADLINE_MS = 1800,
    /* of all writes that wait for an answer */
    QUEUE_BYTES_IN_FLIGHT_MAX = 64 * 1024 * 1024,
    QUEUE_WHY_MAX = QUEUE_LANES_WHY_MAX,
};

/* One webhook on its way. All slices are borrowed for the call and copied there. */
struct delivery {
    struct slice id;
    struct slice type;
    struct slice timestamp; /* Unix seconds, the digits as received */
    int64_t received_ms;
    struct slice body;
};

/* Everything is borrowed for the life of the writer. */
struct queue_conf {
    const struct redis_url *url;
    const char *stream_key;
    const char *stream_group;
    size_t max_in_flight; /* XADDs that wait for an answer */
    const struct clock *clock;
    /* Called when the queue becomes able (up) or unable (why, one line) to take webhooks, once a
     * change; from the loop, never from within a function of this header. It must not call back.
     * Another reason that shows while it is down is only logged, see reasons.h. */
    void (*changed)(void *arg, bool up, const char *why);
    void *arg;
};

/* What there is to count. */
struct queue_stats {
    size_t in_flight;
    size_t reconnects; /* connections opened after the first ones */
    bool full;         /* new ones are refused: Redis is nearly full, or too many wait for it */
    bool up;
};

/* Tells how a write ended: STATUS_OK once Redis has confirmed it, else STATUS_UNAVAILABLE. Runs
 * exactly once for each accepted write, always later and from the loop, or from within
 * queue_writer_free(). It may call queue_writer_add(), but not queue_writer_free(). */
typedef void queue_added_fn(enum status st, void *arg);

/* Starts connecting and returns at once; not reaching Redis is no failure. STATUS_NO_MEMORY. */
enum status queue_writer_new(struct event_base *base, const struct queue_conf *conf,
                             struct queue_writer **ret_writer) MUST_CHECK;

/* Appends one entry to the stream; done(status, arg) follows, and arg has to stay valid until then.
 * STATUS_UNAVAILABLE: there is no connection, Redis is nearly full, or max_in_flight or
 * QUEUE_BYTES_IN_FLIGHT_MAX is reached; STATUS_NO_MEMORY. In both cases done will not be called.
 * Does not block. */
enum status queue_writer_add(struct queue_writer *qw, const struct delivery *delivery,
                             queue_added_fn *done, void *arg) MUST_CHECK;

/* True when the last that was heard of Redis is good; otherwise why gets one line. Does not ask. */
bool queue_writer_is_ready(const struct queue_writer *qw, char why[QUEUE_WHY_MAX]);

/* The numbers of this moment. */
struct queue_stats queue_writer_stats(const struct queue_writer *qw);

/* Ends all writes under way with STATUS_UNAVAILABLE (their done functions run from here), closes
 * and frees. NULL is fine. Never call it from a done function. */
void queue_writer_free(struct queue_writer *qw);

#endif
