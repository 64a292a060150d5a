#include "ingest/pulse.h"

#include <event2/event.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/notify.h"

struct pulse {
    struct notify notify;
    struct event *timer;
};

static void on_time(evutil_socket_t fd, short what, void *arg)
{
    struct pulse *p = arg;
    (void)fd;
    (void)what;
    (void)notify_alive(&p->notify, clock_system.mono_ms());
}

enum status pulse_new(struct event_base *base, conf_lookup_fn *lookup, struct pulse **ret_pulse)
{
    struct pulse *p = calloc(1, sizeof(*p));
    if (!p)
        return STATUS_NO_MEMORY;
    p->notify = notify_make(lookup);
    p->timer = event_new(base, -1, EV_PERSIST, on_time, p);
    if (!p->timer) {
        pulse_free(p);
        return STATUS_NO_MEMORY;
    }
    *ret_pulse = p;
    return STATUS_OK;
}

void pulse_ready(struct pulse *p)
{
    int64_t every_ms = notify_interval_ms(&p->notify);
    const struct timeval interval = { every_ms / 1000, every_ms % 1000 * 1000 };
    notify_ready(&p->notify);
    if (every_ms > 0)
        (void)event_add(p->timer, &interval); /* without it the manager restarts us: as promised */
}

void pulse_stopping(const struct pulse *p)
{
    notify_stopping(&p->notify);
}

void pulse_free(struct pulse *p)
{
    if (!p)
        return;
    if (p->timer)
        event_free(p->timer);
    free(p);
}
