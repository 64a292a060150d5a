#include "ingest/queue_writer_link.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "common/backoff.h"
#include "common/redis_tls.h"
#include "ingest/queue_writer_setup.h"
#include "ingest/queue_writer_wire.h"

enum {
    OPEN_DEADLINE_MS = 2000, /* for connecting, AUTH, SELECT and XGROUP together */
    PROBE_MS = 1500, /* between probes, and for the answer to one: finds the half-open connection */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 2000,
};

struct queue_link {
    struct event_base *base;
    redisAsyncContext *ac; /* NULL while down */
    struct redis_tls *tls; /* of ac; NULL: none */
    struct queue_route *route;
    struct queue_setup setup;
    struct backoff backoff;
    TAILQ_HEAD(queue_calls, queue_call) calls; /* oldest first, as Redis answers in order */
    size_t bytes;                              /* of calls */
    size_t opened;
    int64_t now_ms;   /* of the last tick */
    int64_t wake_ms;  /* down: when to connect; being set up: when to give up */
    int64_t probe_ms; /* when to probe next; while a probe waits: when to give up */
};

static const char cannot_connect[] = "cannot connect: ";
static const char cannot_connect_by_tls[] = "cannot connect: TLS: ";

static void link_lost(struct queue_link *link)
{
    link->ac = NULL;
    redis_tls_free(link->tls);
    link->tls = NULL;
    link->wake_ms = link->now_ms + backoff_next_ms(&link->backoff);
}

/* Only from the functions that tick, leave and free: runs the callbacks of all that waits. */
static void link_close(struct queue_link *link, const char *why)
{
    redisAsyncContext *ac = link->ac;

    if (why)
        queue_setup_fail(&link->setup, why, "");
    link_lost(link);
    redisAsyncFree(ac);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct queue_link *link = ac->data;
    const char *why = redis_tls_why(link->tls); /* the handshake may already be through */

    if (status == REDIS_OK || link->ac != ac)
        return;
    queue_setup_fail(&link->setup, why ? cannot_connect_by_tls : cannot_connect,
                     why ? why : ac->c.errstr);
    link_lost(link); /* hiredis frees the context itself and calls nobody else about it */
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct queue_link *link = ac->data;
    const char *why = redis_tls_why(link->tls);

    (void)status;
    if (link->ac != ac)
        return;
    if (why && !link->setup.done && !link->setup.must_close)
        queue_setup_fail(&link->setup, cannot_connect_by_tls, why);
    else if (!link->setup.must_close)
        queue_setup_fail(&link->setup, "connection lost", "");
    link_lost(link);
}

/* A connection that failed before it had begun. */
static void give_up(struct queue_link *link, const char *what, const char *why)
{
    redisAsyncContext *ac = link->ac;

    queue_setup_fail(&link->setup, what, why);
    link_lost(link);
    if (ac)
        redisAsyncFree(ac);
}

/* Starts a connection; a failure is noted as if it had been lost. */
static void link_connect(struct queue_link *link)
{
    const struct redis_url *url = link->setup.url;
    const struct redis_place *at = &link->route->at;
    const char *why = "out of memory";

    link->ac = url->unix_socket ? redisAsyncConnectUnix(url->path)
                                : redisAsyncConnect(at->host, at->port);
    if (!link->ac || link->ac->err) {
        give_up(link, cannot_connect, link->ac ? link->ac->errstr : why);
        return;
    }
    if ((url->tls && redis_tls_start(&link->ac->c, url, &link->tls, &why) != STATUS_OK) ||
        queue_wire_attach(link->base, link->ac) != STATUS_OK) {
        give_up(link, url->tls ? cannot_connect_by_tls : cannot_connect, why);
        return;
    }
    link->opened++;
    link->wake_ms = link->now_ms + OPEN_DEADLINE_MS;
    link->probe_ms = link->now_ms + PROBE_MS;
    link->ac->data = link;
    redisAsyncSetConnectCallback(link->ac, on_connect);
    redisAsyncSetDisconnectCallback(link->ac, on_disconnect);
    queue_setup_start(&link->setup, link->ac);
}

static void link_open(struct queue_link *link)
{
    switch (queue_route_step(link->route, link->now_ms)) {
    case ROUTE_ASKING:
        return;
    case ROUTE_KNOWN:
        link_connect(link);
        return;
    case ROUTE_UNKNOWN:
        queue_setup_fail(&link->setup, cannot_connect, link->route->why);
        link_lost(link);
        return;
    }
}

static bool is_up(const struct queue_link *link)
{
    return link->ac && link->setup.done && !link->setup.must_close;
}

/* True when Redis has left something unanswered for too long. */
static bool is_stalled(const struct queue_link *link)
{
    const struct queue_call *oldest = TAILQ_FIRST(&link->calls);

    if (!link->setup.done)
        return link->now_ms >= link->wake_ms;
    if (oldest && link->now_ms >= oldest->deadline_ms)
        return true;
    return link->setup.probing && link->now_ms >= link->probe_ms;
}

static void probe(struct queue_link *link)
{
    bool due = !link->setup.probing && link->now_ms >= link->probe_ms;

    backoff_reset(&link->backoff);
    queue_route_note_arrival(link->route);
    redis_tls_note_answer(link->tls);
    if (!due)
        return;
    queue_setup_probe(&link->setup, link->ac);
    link->probe_ms = link->now_ms + PROBE_MS;
}

void queue_link_tick(struct queue_link *link, int64_t now_ms, bool may_open)
{
    link->now_ms = now_ms;
    if (link->ac && link->setup.must_close)
        link_close(link, NULL);
    else if (link->ac && is_stalled(link))
        link_close(link, "no answer in time");
    else if (!link->ac && may_open && now_ms >= link->wake_ms)
        link_open(link);
    else if (is_up(link))
        probe(link);
}

void queue_link_leave(struct queue_link *link, int64_t now_ms)
{
    link->now_ms = now_ms;
    backoff_reset(&link->backoff);
    if (link->ac)
        link_close(link, NULL);
    else
        link->wake_ms = now_ms;
}

static void on_answer(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_link *link = ac->data;
    struct queue_call *call = arg;
    const redisReply *reply = answer; /* NULL when the connection died: the outcome is unknown */

    TAILQ_REMOVE(&link->calls, call, entry);
    link->bytes -= call->bytes;
    queue_health_note_answer(link->setup.health, call->bytes);
    if (reply && reply->type == REDIS_REPLY_STRING) {
        queue_health_set_trouble(link->setup.health, "");
        call->answered(call, ANSWER_TEXT);
    } else if (reply && reply->type == REDIS_REPLY_ERROR) {
        queue_setup_note_error(&link->setup, (struct slice){ reply->str, reply->len });
        call->answered(call, ANSWER_ERROR);
    } else {
        call->answered(call, ANSWER_NONE);
    }
}

enum status queue_link_send(struct queue_link *link, struct slice command, size_t bytes,
                            struct queue_call *call)
{
    if (!is_up(link) || !queue_health_admits(link->setup.health, bytes))
        return STATUS_UNAVAILABLE;
    if (redisAsyncFormattedCommand(link->ac, on_answer, call, command.ptr, command.len) !=
        REDIS_OK) {
        queue_health_note_answer(link->setup.health, bytes);
        link->setup.must_close = true;
        return STATUS_UNAVAILABLE;
    }
    call->bytes = bytes;
    link->bytes += bytes;
    TAILQ_INSERT_TAIL(&link->calls, call, entry);
    return STATUS_OK;
}

bool queue_link_is_up(const struct queue_link *link)
{
    return is_up(link);
}

bool queue_link_is_misled(const struct queue_link *link)
{
    return link->ac && link->setup.done && link->setup.must_close;
}

size_t queue_link_bytes(const struct queue_link *link)
{
    return link->bytes;
}

bool queue_link_is_starting(const struct queue_link *link)
{
    return !is_up(link) && link->opened <= 1 && link->setup.trouble[0] == '\0';
}

const char *queue_link_trouble(const struct queue_link *link)
{
    return link->setup.trouble;
}

size_t queue_link_reconnects(const struct queue_link *link)
{
    return link->opened > 0 ? link->opened - 1 : 0;
}

enum status queue_link_new(struct event_base *base, const struct queue_link_conf *conf,
                           struct queue_link **ret_link)
{
    struct queue_link *link = calloc(1, sizeof(*link));

    if (!link)
        return STATUS_NO_MEMORY;
    link->setup = (struct queue_setup){
        .url = conf->route->url,
        .stream_key = conf->stream_key,
        .stream_group = conf->stream_group,
        .health = conf->health,
    };
    link->route = conf->route;
    link->base = base;
    link->backoff = backoff_make(BACKOFF_MIN_MS, BACKOFF_MAX_MS, conf->seed);
    TAILQ_INIT(&link->calls);
    *ret_link = link;
    return STATUS_OK;
}

void queue_link_free(struct queue_link *link)
{
    if (!link)
        return;
    if (link->ac)
        link_close(link, NULL);
    redis_tls_free(link->tls);
    free(link);
}

#define TEXT_OF(macro) #macro
#define TEXT(macro)    TEXT_OF(macro)

const char *queue_link_library(void)
{
    return "hiredis " TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH);
}
