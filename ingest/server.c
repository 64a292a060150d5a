#include "ingest/server.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/admin.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/process_stats.h"
#include "ingest/conn_guard.h"
#include "ingest/ingest_counters.h"
#include "ingest/pulse.h"
#include "ingest/queue_writer.h"
#include "ingest/webhook.h"

enum {
    DRAIN_TICK_MS = 50,
    EVHTTP_TIMEOUT_S = 3600, /* a net below conn_guard's deadlines, above any of them */
    SIGNAL_COUNT = 3,
};

struct server {
    struct ingest_conf *conf;
    conf_lookup_fn *lookup;
    struct event_base *base;
    struct evhttp *http;
    struct conn_guard *guard;
    struct queue_writer *queue;
    struct webhook *webhook;
    struct admin_hooks admin_hooks; /* borrowed by admin */
    struct admin *admin;
    struct pulse *pulse;
    struct event *signals[SIGNAL_COUNT];
    struct event *drain_tick;
    int64_t drain_until_ms; /* 0: not draining */
    bool forced;
    atomic_int_least64_t values[INGEST_COUNTER_COUNT];
    struct counters counters;
    struct histogram_cells cells[INGEST_HISTOGRAM_COUNT];
    struct histograms histograms;
};

/* --- what the admin endpoint asks --- */

static bool is_ready(void *arg, char why[ADMIN_WHY_MAX])
{
    struct server *server = arg;
    char queue_why[QUEUE_WHY_MAX] = "";
    bool ready = queue_writer_is_ready(server->queue, queue_why);

    if (server->drain_until_ms)
        snprintf(why, ADMIN_WHY_MAX, "shutting down");
    else if (!ready)
        snprintf(why, ADMIN_WHY_MAX, "redis: %s", queue_why);
    return ready && !server->drain_until_ms;
}

static void show_metrics(void *arg, struct buf *out)
{
    struct server *server = arg;
    struct queue_stats stats = queue_writer_stats(server->queue);
    char why[QUEUE_WHY_MAX];
    counters_set(&server->counters, INGEST_BACKPRESSURE, stats.full);
    counters_set(&server->counters, INGEST_IN_FLIGHT, (int64_t)stats.in_flight);
    counters_set(&server->counters, INGEST_REDIS_RECONNECTS, (int64_t)stats.reconnects);
    counters_set(&server->counters, INGEST_REDIS_UP, queue_writer_is_ready(server->queue, why));
    counters_set(&server->counters, INGEST_BUILD_INFO, 1);
    counters_render(&server->counters, out);
    histograms_render(&server->histograms, out);
    process_stats_render(out);
}

static void on_queue_changed(void *arg, bool up, const char *why)
{
    (void)arg;
    if (up)
        log_info("event=queue_up action=storing");
    else
        log_warn("event=queue_down why=%s action=answering_503_where_it_refuses", why);
}

/* --- signals --- */

static void on_drain_tick(evutil_socket_t fd, short what, void *arg)
{
    struct server *server = arg;
    bool idle = webhook_pending_count(server->webhook) == 0 &&
                conn_guard_busy_count(server->guard) == 0;

    (void)fd;
    (void)what;
    if (idle || clock_system.mono_ms() >= server->drain_until_ms)
        (void)event_base_loopbreak(server->base);
}

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
    const struct timeval interval = { 0, DRAIN_TICK_MS * 1000 };
    struct server *server = arg;

    (void)what;
    if (server->drain_until_ms) {
        server->forced = true;
        (void)event_base_loopbreak(server->base);
        return;
    }
    log_info("event=stopping signal=%d action=draining", (int)sig);
    pulse_stopping(server->pulse);
    server->drain_until_ms = clock_system.mono_ms() + SERVER_DRAIN_MS;
    webhook_drain(server->webhook);
    conn_guard_drain(server->guard);
    if (event_add(server->drain_tick, &interval) != 0)
        (void)event_base_loopbreak(server->base);
}

static void on_reload(evutil_socket_t sig, short what, void *arg)
{
    struct server *server = arg;
    struct signature_keys *keys = NULL;
    char error[CONF_ERROR_MAX] = "";

    (void)sig;
    (void)what;
    if (ingest_conf_reload_keys(server->lookup, &keys, error) != STATUS_OK) {
        log_error("event=reload_failed why=%s action=kept_old_secrets", error);
        return;
    }
    log_info("event=reloaded secrets=%zu", signature_keys_count(keys));
    webhook_set_keys(server->webhook, &keys);
}

static enum status watch_signals(struct server *server)
{
    static const struct {
        int sig;
        event_callback_fn fn;
    } table[SIGNAL_COUNT] = { { SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGHUP, on_reload } };
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    (void)sigaction(SIGPIPE, &ignore, NULL);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        server->signals[i] = evsignal_new(server->base, table[i].sig, table[i].fn, server);
        if (!server->signals[i] || event_add(server->signals[i], NULL) != 0)
            return STATUS_NO_MEMORY;
    }
    server->drain_tick = event_new(server->base, -1, EV_PERSIST, on_drain_tick, server);
    return server->drain_tick ? STATUS_OK : STATUS_NO_MEMORY;
}

/* --- putting it together --- */

static enum status make_loop(struct server *server)
{
    struct event_config *config = event_config_new();

    if (!config)
        return STATUS_NO_MEMORY;
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    server->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!server->base)
        return STATUS_NO_MEMORY;
    server->http = evhttp_new(server->base);
    if (!server->http)
        return STATUS_NO_MEMORY;
    evhttp_set_timeout(server->http, EVHTTP_TIMEOUT_S);
    return STATUS_OK;
}

static enum status make_parts(struct server *server)
{
    const struct ingest_conf *conf = server->conf;
    const struct queue_conf queue_conf = {
        .url = &conf->redis,
        .stream_key = conf->stream_key,
        .stream_group = conf->stream_group,
        .max_in_flight = (size_t)conf->max_in_flight,
        .clock = &clock_system,
        .changed = on_queue_changed,
        .arg = server,
    };
    const struct conn_guard_conf guard_conf = {
        .max_connections = (size_t)conf->max_connections,
        .buffer_max_bytes = (size_t)conf->body_limit_bytes + WEBHOOK_BUFFER_EXTRA,
        .request_deadline_ms = conf->request_deadline_ms,
        .clock = &clock_system,
        .counters = &server->counters,
    };
    struct webhook_conf webhook_conf = {
        .paths = conf->paths,
        .path_count = conf->path_count,
        .filter = &conf->filter,
        .tolerance_s = conf->tolerance_s,
        .body_limit_bytes = (size_t)conf->body_limit_bytes,
        .counters = &server->counters,
        .histograms = &server->histograms,
        .clock = &clock_system,
    };
    enum status st = queue_writer_new(server->base, &queue_conf, &server->queue);

    webhook_conf.queue = server->queue;
    if (st == STATUS_OK)
        st = conn_guard_new(server->base, server->http, &guard_conf, &server->guard);
    if (st == STATUS_OK)
        st = webhook_new(server->http, &webhook_conf, &server->conf->keys, &server->webhook);
    return st;
}

static enum status open_admin(struct server *server)
{
    enum status st;

    if (!server->conf->admin_on)
        return STATUS_OK;
    server->admin_hooks = (struct admin_hooks){ is_ready, show_metrics, server, NULL };
    st = admin_new(server->base, &server->conf->admin, &server->admin_hooks, &server->admin);
    if (st == STATUS_UNAVAILABLE)
        log_error("event=cannot_listen setting=INGEST_ADMIN_LISTEN address=%s port=%d why=%s "
                  "action=exit",
                  server->conf->admin.host, server->conf->admin.port, strerror(errno));
    return st;
}

static enum status open_door(struct server *server)
{
    const struct address *address = &server->conf->listen;
    int fd = -1;
    int port = 0;
    enum status st = address_listen(address, 1, &fd, &port);

    if (st != STATUS_OK) {
        log_error("event=cannot_listen setting=INGEST_LISTEN address=%s port=%d why=%s action=exit",
                  address->host, address->port, strerror(errno));
        return st;
    }
    st = conn_guard_listen(server->guard, fd);
    if (st == STATUS_OK)
        log_info("event=listening address=%s port=%d admin_port=%d", address->host, port,
                 server->admin ? admin_port(server->admin) : 0);
    return st;
}

/* The order matters: pending answers need their connections, and evhttp frees requests that nobody
 * has answered, so the queue ends first and evhttp last. */
static void release(struct server *server)
{
    admin_free(server->admin);
    queue_writer_free(server->queue);
    conn_guard_free(server->guard);
    if (server->http)
        evhttp_free(server->http);
    webhook_free(server->webhook);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (server->signals[i])
            event_free(server->signals[i]);
    if (server->drain_tick)
        event_free(server->drain_tick);
    pulse_free(server->pulse);
    if (server->base)
        event_base_free(server->base);
}

enum status server_run(struct ingest_conf *conf, conf_lookup_fn *lookup)
{
    struct server server = { .conf = conf, .lookup = lookup };
    enum status st;

    server.counters = (struct counters){ ingest_counter_info, server.values, INGEST_COUNTER_COUNT };
    server.histograms = (struct histograms){ ingest_histogram_info, server.cells,
                                             INGEST_HISTOGRAM_COUNT };
    st = make_loop(&server);
    if (st == STATUS_OK)
        st = make_parts(&server);
    if (st == STATUS_OK)
        st = watch_signals(&server);
    if (st == STATUS_OK)
        st = pulse_new(server.base, lookup, &server.pulse);
    if (st == STATUS_OK)
        st = open_admin(&server);
    if (st == STATUS_OK)
        st = open_door(&server);
    if (st == STATUS_OK) {
        pulse_ready(server.pulse);
        (void)event_base_dispatch(server.base);
        log_info("event=stopped forced=%d unanswered=%zu", (int)server.forced,
                 webhook_pending_count(server.webhook));
        st = server.forced ? STATUS_STOPPED : STATUS_OK;
    }
    release(&server);
    return st;
}

const char *server_library(void)
{
    return event_get_version();
}
