#include "ingest/queue_writer_wire.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

/* Belongs to ac, which frees it by drop(). */
struct queue_wire {
    redisAsyncContext *ac;
    struct event *read;
    struct event *write; /* waits where the kernel would not take more */
    struct event *flush; /* runs in the next turn */
};

/* The handlers may end ac, and the wire with it. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct queue_wire *wire = arg;

    (void)fd;
    (void)what;
    redisAsyncHandleRead(wire->ac);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct queue_wire *wire = arg;

    (void)fd;
    (void)what;
    redisAsyncHandleWrite(wire->ac);
}

/* Asks to be told when more can be written; what does not need it takes that back at once, and the
 * kernel never hears of it. */
static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    struct queue_wire *wire = arg;

    (void)event_add(wire->write, NULL);
    on_writable(fd, what, wire);
}

static void add_read(void *arg)
{
    struct queue_wire *wire = arg;

    (void)event_add(wire->read, NULL);
}

static void del_read(void *arg)
{
    struct queue_wire *wire = arg;

    (void)event_del(wire->read);
}

static void add_write(void *arg)
{
    static const struct timeval now = { 0, 0 };
    struct queue_wire *wire = arg;

    if (event_pending(wire->write, EV_WRITE, NULL) || event_pending(wire->flush, EV_TIMEOUT, NULL))
        return;
    if (wire->ac->c.flags & REDIS_CONNECTED)
        (void)event_add(wire->flush, &now);
    else
        (void)event_add(wire->write, NULL);
}

static void del_write(void *arg)
{
    struct queue_wire *wire = arg;

    (void)event_del(wire->write);
}

static void drop(void *arg)
{
    struct queue_wire *wire = arg;

    if (wire->read)
        event_free(wire->read);
    if (wire->write)
        event_free(wire->write);
    if (wire->flush)
        event_free(wire->flush);
    free(wire);
}

enum status queue_wire_attach(struct event_base *base, struct redisAsyncContext *ac)
{
    struct queue_wire *wire = calloc(1, sizeof(*wire));

    if (!wire)
        return STATUS_NO_MEMORY;
    wire->ac = ac;
    wire->read = event_new(base, ac->c.fd, EV_READ | EV_PERSIST, on_readable, wire);
    wire->write = event_new(base, ac->c.fd, EV_WRITE | EV_PERSIST, on_writable, wire);
    wire->flush = event_new(base, -1, 0, on_flush, wire);
    if (!wire->read || !wire->write || !wire->flush) {
        drop(wire);
        return STATUS_NO_MEMORY;
    }
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = drop;
    ac->ev.data = wire;
    return STATUS_OK;
}
