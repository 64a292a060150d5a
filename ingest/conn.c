#include "ingest/conn.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ingest_counters.h"

enum { BOUND_FROM_BYTES = 64 * 1024 }; /* less than any limit of the input, more than most bodies */

static void count_conns(struct conn_set *set, int change)
{
    set->count = change > 0 ? set->count + 1 : set->count - 1;
    counters_set(set->counters, INGEST_CONNECTIONS, (int64_t)set->count);
}

bool conn_is_quiet(const struct conn *conn)
{
    return conn->state == CONN_FRESH || conn->state == CONN_IDLE;
}

static void conn_set_state(struct conn *conn, enum conn_state state)
{
    if (conn_is_quiet(conn))
        TAILQ_REMOVE(&conn->set->quiet, conn, quiet_entry);
    conn->state = state;
    if (conn_is_quiet(conn))
        TAILQ_INSERT_TAIL(&conn->set->quiet, conn, quiet_entry);
}

static void conn_enter(struct conn *conn, enum conn_state state)
{
    int64_t now_ms = conn->set->clock->mono_ms();

    conn_set_state(conn, state);
    conn->quiet_since_ms = now_ms;
    conn->deadline_ms = now_ms +
                        (state == CONN_IDLE ? CONN_IDLE_MS : conn->set->request_deadline_ms);
}

/* Not at once for all: with a limit, libevent sets the read event anew for each line it takes. */
static void conn_bound(struct conn *conn)
{
    bufferevent_setwatermark(conn->bev, EV_READ, 0, conn->set->buffer_max_bytes);
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
        conn_set_state(conn, CONN_RECEIVING); /* its deadline runs since accept */
    else if (conn->state == CONN_IDLE)
        conn_enter(conn, CONN_RECEIVING);
}

/* evhttp may let go of it now, and a descriptor should not stay open until the next sweep. */
static void conn_note_answered(struct conn *conn)
{
    conn->is_answered = true;
    TAILQ_REMOVE(&conn->set->all, conn, entry);
    TAILQ_INSERT_HEAD(&conn->set->all, conn, entry);
    event_active(conn->set->reap, EV_TIMEOUT, 0);
}

/* "HTTP/1.1 100 Continue", to a client that sends its body only then: no answer yet. */
static bool is_interim(struct evbuffer *output, const struct evbuffer_cb_info *info)
{
    char text[sizeof("HTTP/1.1 100 ") - 1];
    struct evbuffer_ptr at;

    return evbuffer_ptr_set(output, &at, info->orig_size, EVBUFFER_PTR_SET) == 0 &&
           evbuffer_copyout_from(output, &at, text, sizeof(text)) == (ev_ssize_t)sizeof(text) &&
           memcmp(text + sizeof("HTTP/1.1") - 1, " 100 ", 5) == 0;
}

/* An answer shows as bytes in the output; its end as an output that is empty again. */
static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *conn = arg;

    if (info->n_added > 0 && conn->state != CONN_ANSWERING && !is_interim(output, info))
        conn_enter(conn, CONN_ANSWERING);
    if (info->n_deleted == 0 || evbuffer_get_length(output) > 0 || conn->state != CONN_ANSWERING)
        return;
    conn_note_answered(conn);
    if (evbuffer_get_length(bufferevent_get_input(conn->bev)) > 0)
        conn_enter(conn, CONN_RECEIVING); /* the next request has come already */
    else
        conn_enter(conn, CONN_IDLE);
}

void conn_free(struct conn *conn)
{
    TAILQ_REMOVE(&conn->set->all, conn, entry);
    if (conn_is_quiet(conn))
        TAILQ_REMOVE(&conn->set->quiet, conn, quiet_entry);
    count_conns(conn->set, -1);
    if (conn->input_cb)
        (void)evbuffer_remove_cb_entry(bufferevent_get_input(conn->bev), conn->input_cb);
    if (conn->output_cb)
        (void)evbuffer_remove_cb_entry(bufferevent_get_output(conn->bev), conn->output_cb);
    (void)bufferevent_decref(conn->bev);
    free(conn);
}

enum status conn_watch(struct conn_set *set, struct bufferevent *bev)
{
    struct conn *conn = calloc(1, sizeof(*conn));

    if (!conn) {
        bufferevent_setwatermark(bev, EV_READ, 0, set->buffer_max_bytes);
        return STATUS_NO_MEMORY;
    }
    conn->set = set;
    conn->bev = bev;
    bufferevent_incref(bev);
    conn->input_cb = evbuffer_add_cb(bufferevent_get_input(bev), on_input, conn);
    conn->output_cb = evbuffer_add_cb(bufferevent_get_output(bev), on_output, conn);
    TAILQ_INSERT_TAIL(&set->all, conn, entry);
    TAILQ_INSERT_TAIL(&set->quiet, conn, quiet_entry);
    conn_enter(conn, CONN_FRESH);
    count_conns(set, +1);
    return STATUS_OK;
}

bool conn_is_left(const struct conn *conn)
{
    bufferevent_event_cb event_cb = NULL;

    bufferevent_getcb(conn->bev, NULL, NULL, &event_cb, NULL);
    return event_cb == NULL;
}

void conn_close(struct conn *conn)
{
    bufferevent_trigger_event(conn->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}
