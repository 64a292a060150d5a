#include "ingest/queue_writer_wire.h"

#include <event2/event.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

/* Belongs to ac, which frees it by drop(). */
struct queue_wire {
    redisAsyncContext *ac;
    struct event *read;
    struct event *write;
};

/* Both handlers may end ac, and the wire with it. */
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

/* A connection that is made is most likely writable: on_writable() runs once all else of this turn
 * is done. Where it could not write everything, the kernel says when to go on. */
static void add_write(void *arg)
{
    struct queue_wire *wire = arg;

    if (event_pending(wire->write, EV_WRITE, NULL))
        return;
    (void)event_add(wire->write, NULL);
    if (wire->ac->c.flags & REDIS_CONNECTED)
        event_active(wire->write, EV_WRITE, 0);
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
    if (!wire->read || !wire->write) {
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
