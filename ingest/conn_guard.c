#include "ingest/conn_guard.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "ingest/conn_door.h"
#include "ingest/ingest_counters.h"

enum { BOUND_FROM_BYTES = 64 * 1024 }; /* less than any limit of the input, more than most bodies */

enum conn_state {
    CONN_FRESH,     /* accepted, nothing came yet */
    CONN_IDLE,      /* between two requests */
    CONN_RECEIVING, /* a request has begun, or waits for its answer */
    CONN_ANSWERING, /* an answer is on its way out */
};

/* One connection. The extra reference on bev keeps it readable after evhttp has let go of it; that
 * evhttp has done so shows in its callbacks being gone. */
struct conn {
    TAILQ_ENTRY(conn) entry;
    bool is_answered; /* an answer went out in this turn of the loop; such conns come first */
    struct conn_guard *guard;
    struct bufferevent *bev;
    struct evbuffer_cb_entry *input_cb;
    struct evbuffer_cb_entry *output_cb;
    enum conn_state state;
    bool is_bounded; /* the limit of its input is set */
    int64_t deadline_ms;
};

struct conn_guard {
    struct conn_guard_conf conf;
    struct evhttp *http;
    struct conn_door door;
    struct event *sweep;
    struct event *reap;
    TAILQ_HEAD(conn_list, conn) conns;
    size_t count;
    bool full;
    bool draining;
};

static void count_conns(struct conn_guard *guard, int change)
{
    guard->count = change > 0 ? guard->count + 1 : guard->count - 1;
    counters_set(guard->conf.counters, INGEST_CONNECTIONS, (int64_t)guard->count);
}

static void conn_enter(struct conn *conn, enum conn_state state)
{
    const struct conn_guard_conf *conf = &conn->guard->conf;
    int64_t wait_ms = state == CONN_IDLE ? CONN_GUARD_IDLE_MS : conf->request_deadline_ms;

    conn->state = state;
    conn->deadline_ms = conf->clock->mono_ms() + wait_ms;
}

/* Not at once for all: with a limit, libevent sets the read event anew for each line it takes. */
static void conn_bound(struct conn *conn)
{
    bufferevent_setwatermark(conn->bev, EV_READ, 0, conn->guard->conf.buffer_max_bytes);
    conn->is_bounded = true;
}

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *conn = arg;

    if (info->n_added == 0)
        return;
    if (!conn->is_bounded && evbuffer_get_length(input) >= BOUND_FROM_BYTES)
        conn_bound(conn);
    if (conn->state == CONN_FRESH)
        conn->state = CONN_RECEIVING; /* its deadline runs since accept */
    else if (conn->state == CONN_IDLE)
        conn_enter(conn, CONN_RECEIVING);
}

/* evhttp may let go of it now, and a descriptor should not stay open until the next sweep. */
static void conn_note_answered(struct conn *conn)
{
    conn->is_answered = true;
    TAILQ_REMOVE(&conn->guard->conns, conn, entry);
    TAILQ_INSERT_HEAD(&conn->guard->conns, conn, entry);
    event_active(conn->guard->reap, EV_TIMEOUT, 0);
}

/* An answer shows as bytes in the output; its end as an output that is empty again. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *conn = arg;

    if (info->n_added > 0 && conn->state != CONN_ANSWERING)
        conn_enter(conn, CONN_ANSWERING);
    if (info->n_deleted == 0 || evbuffer_get_length(output) > 0)
        return;
    conn_note_answered(conn);
    if (evbuffer_get_length(bufferevent_get_input(conn->bev)) > 0)
        conn_enter(conn, CONN_RECEIVING); /* the next request has come already */
    else
        conn_enter(conn, CONN_IDLE);
}

static void conn_free(struct conn *conn)
{
    TAILQ_REMOVE(&conn->guard->conns, conn, entry);
    count_conns(conn->guard, -1);
    if (conn->input_cb)
        (void)evbuffer_remove_cb_entry(bufferevent_get_input(conn->bev), conn->input_cb);
    if (conn->output_cb)
        (void)evbuffer_remove_cb_entry(bufferevent_get_output(conn->bev), conn->output_cb);
    (void)bufferevent_decref(conn->bev);
    free(conn);
}

static void conn_watch(struct conn_guard *guard, struct bufferevent *bev)
{
    struct conn *conn = calloc(1, sizeof(*conn));

    if (!conn) { /* evhttp's own timeout is what is left for this one */
        bufferevent_setwatermark(bev, EV_READ, 0, guard->conf.buffer_max_bytes);
        return;
    }
    conn->guard = guard;
    conn->bev = bev;
    bufferevent_incref(bev);
    conn->input_cb = evbuffer_add_cb(bufferevent_get_input(bev), on_input, conn);
    conn->output_cb = evbuffer_add_cb(bufferevent_get_output(bev), on_output, conn);
    TAILQ_INSERT_TAIL(&guard->conns, conn, entry);
    conn_enter(conn, CONN_FRESH);
    count_conns(guard, +1);
    if (guard->count < guard->conf.max_connections || guard->full)
        return;
    guard->full = true;
    counters_add(guard->conf.counters, INGEST_CONNECTIONS_FULL, 1);
    conn_door_pause(&guard->door);
}

/* evhttp asks for the bufferevent of a connection that it has accepted. */
static struct bufferevent *on_accepted(struct event_base *base, void *arg)
{
    struct conn_guard *guard = arg;
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);

    if (bev)
        conn_watch(guard, bev);
    return bev;
}

static bool conn_is_left(const struct conn *conn)
{
    bufferevent_event_cb event_cb = NULL;

    bufferevent_getcb(conn->bev, NULL, NULL, &event_cb, NULL);
    return event_cb == NULL;
}

static bool conn_is_due(const struct conn *conn, int64_t now_ms)
{
    bool between = conn->state == CONN_FRESH || conn->state == CONN_IDLE;

    return now_ms >= conn->deadline_ms || (conn->guard->draining && between);
}

/* As if the peer had been silent for too long: evhttp then closes the connection itself. */
static void conn_cut(struct conn *conn)
{
    if (!conn->guard->draining && conn->state != CONN_IDLE)
        counters_add(conn->guard->conf.counters, INGEST_CONNECTIONS_CUT, 1);
    bufferevent_trigger_event(conn->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
    struct conn_guard *guard = arg;
    struct conn *conn = TAILQ_FIRST(&guard->conns);
    struct conn *next;

    (void)fd;
    (void)what;
    for (; conn && conn->is_answered; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        conn->is_answered = false;
        if (conn_is_left(conn))
            conn_free(conn);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct conn_guard *guard = arg;
    int64_t now_ms = guard->conf.clock->mono_ms();
    struct conn *next;

    (void)fd;
    (void)what;
    for (struct conn *conn = TAILQ_FIRST(&guard->conns); conn; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        if (!conn_is_left(conn) && conn_is_due(conn, now_ms))
            conn_cut(conn);
        if (conn_is_left(conn))
            conn_free(conn);
    }
    guard->full = guard->count >= guard->conf.max_connections;
    if (!guard->full)
        conn_door_resume(&guard->door);
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
    TAILQ_INIT(&guard->conns);
    guard->reap = event_new(base, -1, 0, on_reap, guard);
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
    return conn_door_open(&guard->door, event_get_base(guard->sweep), guard->http, fd);
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

    TAILQ_FOREACH(conn, &guard->conns, entry)
    count += !conn_is_left(conn) && conn->state != CONN_FRESH && conn->state != CONN_IDLE;
    return count;
}

void conn_guard_free(struct conn_guard *guard)
{
    if (!guard)
        return;
    conn_door_close(&guard->door);
    while (!TAILQ_EMPTY(&guard->conns))
        /* The analyser does not see that conn_free() takes it off the list. */
        conn_free(TAILQ_FIRST(&guard->conns)); /* NOLINT(clang-analyzer-unix.Malloc) */
    if (guard->sweep)
        event_free(guard->sweep);
    if (guard->reap)
        event_free(guard->reap);
    free(guard);
}
