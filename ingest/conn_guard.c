#include "ingest/conn_guard.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "ingest/conn.h"
#include "ingest/conn_door.h"
#include "ingest/ingest_counters.h"

struct conn_guard {
    struct conn_guard_conf conf;
    struct evhttp *http;
    struct conn_door door;
    struct event *sweep;
    struct event *reap;
    struct conn_set conns;
    bool is_paused;  /* the door, at max_connections */
    bool is_awaited; /* and somebody waits at it */
    bool draining;
};

static bool is_full(const struct conn_guard *guard)
{
    return guard->conns.count >= guard->conf.max_connections;
}

static void pause_if_full(struct conn_guard *guard)
{
    if (!is_full(guard) || guard->is_paused)
        return;
    guard->is_paused = true;
    counters_add(guard->conf.counters, INGEST_CONNECTIONS_FULL, 1);
    conn_door_pause(&guard->door);
}

/* evhttp asks for the bufferevent of a connection that it has accepted. */
static struct bufferevent *on_accepted(struct event_base *base, void *arg)
{
    struct conn_guard *guard = arg;
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

    if (bev && conn_watch(&guard->conns, bev) == STATUS_OK)
        pause_if_full(guard);
    return bev;
}

static bool is_due(const struct conn_guard *guard, const struct conn *conn, int64_t now_ms)
{
    return now_ms >= conn->deadline_ms || (guard->draining && conn_is_quiet(conn));
}

static void cut(struct conn_guard *guard, struct conn *conn)
{
    if (!guard->draining && conn->state != CONN_IDLE)
        counters_add(guard->conf.counters, INGEST_CONNECTIONS_CUT, 1);
    conn_close(conn);
}

static void open_unless_full(struct conn_guard *guard)
{
    if (is_full(guard))
        return;
    guard->is_paused = false;
    guard->is_awaited = false;
    conn_door_resume(&guard->door);
}

static void displace_quiet(struct conn_guard *guard)
{
    struct conn *conn = TAILQ_FIRST(&guard->conns.quiet);
    int64_t now_ms = guard->conf.clock->mono_ms();

    if (!conn)
        return;
    if (!conn_is_left(conn)) {
        if (now_ms < conn->quiet_since_ms + CONN_GUARD_SPARE_MS)
            return;
        counters_add(guard->conf.counters, INGEST_CONNECTIONS_DISPLACED, 1);
        conn_close(conn);
    }
    if (conn_is_left(conn))
        conn_free(conn);
}

/* One at a time: if more wait, the door pauses and knocks again. */
static void let_in(struct conn_guard *guard)
{
    if (guard->is_awaited && is_full(guard))
        displace_quiet(guard);
    open_unless_full(guard);
}

static void on_knock(void *arg)
{
    struct conn_guard *guard = arg;

    guard->is_awaited = true;
    let_in(guard);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
    struct conn_guard *guard = arg;
    struct conn *conn = TAILQ_FIRST(&guard->conns.all);
    struct conn *next;

    (void)fd;
    (void)what;
    for (; conn && conn->is_answered; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        conn->is_answered = false;
        if (conn_is_left(conn))
            conn_free(conn);
    }
    if (guard->is_awaited)
        let_in(guard);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct conn_guard *guard = arg;
    int64_t now_ms = guard->conf.clock->mono_ms();
    struct conn *next;

    (void)fd;
    (void)what;
    for (struct conn *conn = TAILQ_FIRST(&guard->conns.all); conn; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        if (!conn_is_left(conn) && is_due(guard, conn, now_ms))
            cut(guard, conn);
        if (conn_is_left(conn))
            conn_free(conn);
    }
    let_in(guard);
}

enum status conn_guard_new(struct event_base *base, struct evhttp *http,
                           const struct conn_guard_conf *conf, struct conn_guard **ret_guard)
{
    const struct timeval interval = { 0, CONN_GUARD_SWEEP_MS * 1000 };
    struct conn_guard *guard = calloc(1, sizeof(*guard));

    if (!guard)
        return STATUS_NO_MEMORY;
    guard->conf = *conf;
    guard->http = http;
    guard->reap = event_new(base, -1, 0, on_reap, guard);
    guard->conns = (struct conn_set){
        .buffer_max_bytes = conf->buffer_max_bytes,
        .request_deadline_ms = conf->request_deadline_ms,
        .clock = conf->clock,
        .counters = conf->counters,
        .reap = guard->reap,
    };
    TAILQ_INIT(&guard->conns.all);
    TAILQ_INIT(&guard->conns.quiet);
    guard->sweep = event_new(base, -1, EV_PERSIST, on_sweep, guard);
    if (!guard->reap || !guard->sweep || event_add(guard->sweep, &interval) != 0) {
        conn_guard_free(guard);
        return STATUS_NO_MEMORY;
    }
    evhttp_set_bevcb(http, on_accepted, guard);
    *ret_guard = guard;
    return STATUS_OK;
}

enum status conn_guard_listen(struct conn_guard *guard, int fd)
{
    const struct conn_door_conf conf = {
        .base = event_get_base(guard->sweep),
        .http = guard->http,
        .on_knock = on_knock,
        .arg = guard,
    };

    return conn_door_open(&guard->door, &conf, fd);
}

void conn_guard_drain(struct conn_guard *guard)
{
    guard->draining = true;
    conn_door_close(&guard->door);
}

size_t conn_guard_busy_count(const struct conn_guard *guard)
{
    const struct conn *conn;
    size_t count = 0;

    TAILQ_FOREACH(conn, &guard->conns.all, entry)
    count += !conn_is_left(conn) && !conn_is_quiet(conn);
    return count;
}

void conn_guard_free(struct conn_guard *guard)
{
    if (!guard)
        return;
    conn_door_close(&guard->door);
    while (!TAILQ_EMPTY(&guard->conns.all))
        /* The analyser does not see that conn_free() takes it off the list. */
        conn_free(TAILQ_FIRST(&guard->conns.all)); /* NOLINT(clang-analyzer-unix.Malloc) */
    if (guard->sweep)
        event_free(guard->sweep);
    if (guard->reap)
        event_free(guard->reap);
    free(guard);
}
