#include "ingest/queue_writer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/reasons.h"
#include "common/stream.h"
#include "ingest/queue_writer_lanes.h"
#include "ingest/redis_command.h"

enum {
    TICK_MS = 100,
    ENTRY_OVERHEAD_BYTES = 256, /* what a write costs beside its slices, roughly */
    XADD_ARGS = 13,
    COMMAND_MAX_BYTES = QUEUE_BYTES_IN_FLIGHT_MAX + 4096,
    COMMAND_KEEP_BYTES = 64 * 1024, /* what the command's buffer may hold on to */
};

/* One XADD that waits for its answer. */
struct pending {
    struct queue_call call; /* first: the lane hands it back */
    struct queue_writer *qw;
    queue_added_fn *done;
    void *arg;
    size_t bytes;
};

struct queue_writer {
    struct queue_conf conf;
    struct queue_lanes *lanes;
    struct event *tick;
    struct buf command; /* the last one sent; kept for its memory */
    size_t in_flight;
    size_t bytes_in_flight;
    bool told; /* conf.changed has been called, lastly with told_up */
    bool told_up;
    struct reasons reasons; /* told while it is down */
};

static void tell(struct queue_writer *qw)
{
    char why[QUEUE_WHY_MAX] = "";
    bool up = queue_writer_is_ready(qw, why);
    bool is_new;

    if (!qw->told && queue_lanes_are_starting(qw->lanes))
        return;
    is_new = !up && reasons_add(&qw->reasons, why);
    if (qw->told && up == qw->told_up) {
        if (is_new)
            log_info("event=queue_still_down why=%s action=going_on_trying", why);
        return;
    }
    if (up)
        reasons_clear(&qw->reasons);
    qw->told = true;
    qw->told_up = up;
    qw->conf.changed(qw->conf.arg, up, why);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct queue_writer *qw = arg;

    (void)fd;
    (void)what;
    queue_lanes_tick(qw->lanes, qw->conf.clock->mono_ms());
    tell(qw);
}

static void on_added(struct queue_call *call, enum queue_answer answer)
{
    struct pending *p = (struct pending *)call;
    struct queue_writer *qw = p->qw;

    qw->in_flight--;
    qw->bytes_in_flight -= p->bytes;
    p->done(answer == ANSWER_TEXT ? STATUS_OK : STATUS_UNAVAILABLE, p->arg);
    free(p);
}

static enum status send_xadd(struct queue_writer *qw, const struct delivery *d, struct pending *p)
{
    char received[24];
    int len = snprintf(received, sizeof(received), "%lld", (long long)d->received_ms);
    const struct slice args[XADD_ARGS] = {
        SLICE("XADD"),
        slice_of(qw->conf.stream_key),
        SLICE("*"),
        SLICE(STREAM_FIELD_ID),
        d->id,
        SLICE(STREAM_FIELD_TYPE),
        d->type,
        SLICE(STREAM_FIELD_TS),
        d->timestamp,
        SLICE(STREAM_FIELD_RECEIVED),
        { received, (size_t)len },
        SLICE(STREAM_FIELD_BODY),
        d->body,
    };
    size_t bytes;
    enum status st;

    buf_clear(&qw->command);
    bytes = redis_command_write(&qw->command, args, XADD_ARGS);
    st = buf_status(&qw->command);
    if (st == STATUS_OK)
        st = queue_lanes_send(qw->lanes, buf_slice(&qw->command), bytes, &p->call);
    if (qw->command.cap > COMMAND_KEEP_BYTES)
        buf_release(&qw->command);
    return st;
}

/* True when another write of so many bytes would be one too many. */
static bool is_crowded(const struct queue_writer *qw, size_t bytes)
{
    return qw->in_flight >= qw->conf.max_in_flight ||
           qw->bytes_in_flight + bytes > QUEUE_BYTES_IN_FLIGHT_MAX;
}

enum status queue_writer_add(struct queue_writer *qw, const struct delivery *delivery,
                             queue_added_fn *done, void *arg)
{
    size_t bytes = delivery->body.len + delivery->id.len + ENTRY_OVERHEAD_BYTES;
    struct pending *p;
    enum status st;

    if (is_crowded(qw, bytes))
        return STATUS_UNAVAILABLE;
    p = calloc(1, sizeof(*p));
    if (!p)
        return STATUS_NO_MEMORY;
    *p = (struct pending){ .qw = qw, .done = done, .arg = arg, .bytes = bytes };
    p->call.answered = on_added;
    p->call.deadline_ms = qw->conf.clock->mono_ms() + QUEUE_WRITE_DEADLINE_MS;
    st = send_xadd(qw, delivery, p);
    if (st != STATUS_OK) {
        free(p); /* on_added will not run */
        return st;
    }
    qw->in_flight++;
    qw->bytes_in_flight += bytes;
    return STATUS_OK;
}

bool queue_writer_is_ready(const struct queue_writer *qw, char why[QUEUE_WHY_MAX])
{
    return queue_lanes_are_healthy(qw->lanes, why);
}

struct queue_stats queue_writer_stats(const struct queue_writer *qw)
{
    return (struct queue_stats){
        .in_flight = qw->in_flight,
        .reconnects = queue_lanes_reconnects(qw->lanes),
        .full = queue_lanes_are_full(qw->lanes) || is_crowded(qw, ENTRY_OVERHEAD_BYTES),
        .up = queue_lanes_are_up(qw->lanes),
    };
}

enum status queue_writer_new(struct event_base *base, const struct queue_conf *conf,
                             struct queue_writer **ret_writer)
{
    const struct queue_lanes_conf lanes_conf = { conf->url, conf->stream_key, conf->stream_group };
    const struct timeval interval = { 0, TICK_MS * 1000 };
    struct queue_writer *qw = calloc(1, sizeof(*qw));
    enum status st = STATUS_NO_MEMORY;

    if (!qw)
        goto out;
    qw->conf = *conf;
    qw->command = buf_make(COMMAND_MAX_BYTES);
    st = queue_lanes_new(base, &lanes_conf, &qw->lanes);
    if (st != STATUS_OK)
        goto out;
    qw->tick = event_new(base, -1, EV_PERSIST, on_tick, qw);
    if (!qw->tick || event_add(qw->tick, &interval) != 0) {
        st = STATUS_NO_MEMORY;
        goto out;
    }
    event_active(qw->tick, EV_TIMEOUT, 0); /* connect as soon as the loop turns */
    *ret_writer = qw;
    qw = NULL;
out:
    queue_writer_free(qw);
    return st;
}

void queue_writer_free(struct queue_writer *qw)
{
    if (!qw)
        return;
    if (qw->tick)
        event_free(qw->tick);
    queue_lanes_free(qw->lanes);
    buf_release(&qw->command);
    free(qw);
}
