#include "ingest/queue_writer_link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/backoff.h"
#include "ingest/queue_health.h"

/* hiredis' adapter is a header of static functions, written without our warnings in mind. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#pragma GCC diagnostic pop

enum {
    OPEN_DEADLINE_MS = 2000, /* for connecting, AUTH, SELECT and XGROUP together */
    PROBE_EVERY_MS = 1000,
    PROBE_DEADLINE_MS = 2000, /* finds the half-open connection that carries nothing else */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 2000,
    ARGS_MAX = 16,
};

enum link_state { LINK_DOWN, LINK_OPENING, LINK_UP };

struct queue_link {
    struct queue_link_conf conf;
    struct event_base *base;
    redisAsyncContext *ac; /* NULL while down */
    enum link_state state;
    bool must_close;        /* noted by a callback, done by the tick */
    int64_t now_ms;         /* of the last tick */
    int64_t wake_ms;        /* down: when to connect; opening: when to give up */
    int64_t probe_ms;       /* when to probe next */
    int64_t probe_since_ms; /* since when a probe waits for its answer; 0: none does */
    struct backoff backoff;
    size_t opened;
    struct queue_health health;
};

static void fail(struct queue_link *link, const char *what)
{
    queue_health_set_trouble(&link->health, what);
}

/* The text of an error reply; empty for any other. */
static struct slice error_text(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return SLICE("");
    return (struct slice){ reply->str, reply->len };
}

static void link_lost(struct queue_link *link)
{
    link->ac = NULL;
    link->state = LINK_DOWN;
    link->must_close = false;
    link->probe_since_ms = 0;
    link->wake_ms = link->now_ms + backoff_next_ms(&link->backoff);
}

/* Only from queue_link_tick() and queue_link_free(): runs the callbacks of all that waits. */
static void link_close(struct queue_link *link, const char *why)
{
    redisAsyncContext *ac = link->ac;

    if (why)
        fail(link, why);
    link_lost(link);
    redisAsyncFree(ac);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct queue_link *link = ac->data;

    if (status == REDIS_OK || link->ac != ac)
        return;
    snprintf(link->health.trouble, sizeof(link->health.trouble), "cannot connect: %s",
             ac->c.errstr);
    link_lost(link); /* hiredis frees the context itself and calls nobody else about it */
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct queue_link *link = ac->data;

    (void)status;
    if (link->ac != ac)
        return;
    if (!link->must_close)
        fail(link, "connection lost");
    link_lost(link);
}

/* The answer to AUTH and SELECT. */
static void on_setup_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_link *link = ac->data;
    const redisReply *reply = answer;

    (void)arg;
    if (!reply || reply->type != REDIS_REPLY_ERROR)
        return;
    (void)queue_health_note_error(&link->health, error_text(reply));
    link->must_close = true;
}

/* The answer to XGROUP CREATE, the last word of the setup and a part of later probes. */
static void on_group_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_link *link = ac->data;
    const redisReply *reply = answer;

    (void)arg;
    if (!reply || link->must_close)
        return;
    if (link->state == LINK_OPENING)
        fail(link, "");
    if (queue_health_note_group(&link->health, error_text(reply)) == REMEDY_RECONNECT) {
        link->must_close = true;
        return;
    }
    link->state = LINK_UP;
    backoff_reset(&link->backoff);
}

/* The answer to INFO memory. An error means that the ACL keeps it from us: then OOM must do. */
static void on_info_reply(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_link *link = ac->data;
    const redisReply *reply = answer;

    (void)arg;
    if (!reply)
        return;
    link->probe_since_ms = 0;
    if (reply->type == REDIS_REPLY_STRING)
        queue_health_note_memory(&link->health, (struct slice){ reply->str, reply->len });
}

static void send_words(struct queue_link *link, redisCallbackFn *fn, int count, const char **words)
{
    if (redisAsyncCommandArgv(link->ac, fn, NULL, count, words, NULL) != REDIS_OK)
        link->must_close = true;
}

static void send_group(struct queue_link *link)
{
    const char *words[] = { "XGROUP", "CREATE",  link->conf.stream_key, link->conf.stream_group,
                            "0",      "MKSTREAM" };

    send_words(link, on_group_reply, 6, words);
}

static void send_setup(struct queue_link *link)
{
    const struct redis_url *url = link->conf.url;
    const char *auth[] = { "AUTH", url->user, url->password };
    char db[16];
    const char *select_db[] = { "SELECT", db };

    snprintf(db, sizeof(db), "%d", url->db);
    if (url->user[0] != '\0') {
        send_words(link, on_setup_reply, 3, auth);
    } else if (url->password[0] != '\0') {
        auth[1] = url->password;
        send_words(link, on_setup_reply, 2, auth);
    }
    if (url->db != 0)
        send_words(link, on_setup_reply, 2, select_db);
    send_group(link);
}

/* A connection that failed before it had begun. */
static void give_up(struct queue_link *link)
{
    redisAsyncContext *ac = link->ac;

    snprintf(link->health.trouble, sizeof(link->health.trouble), "cannot connect: %s",
             ac ? ac->errstr : "out of memory");
    link_lost(link);
    if (ac)
        redisAsyncFree(ac);
}

/* Starts a connection; a failure is noted as if it had been lost. */
static void link_open(struct queue_link *link)
{
    const struct redis_url *url = link->conf.url;

    link->ac = url->unix_socket ? redisAsyncConnectUnix(url->path)
                                : redisAsyncConnect(url->host, url->port);
    if (!link->ac || link->ac->err) {
        give_up(link);
        return;
    }
    link->opened++;
    link->state = LINK_OPENING;
    link->wake_ms = link->now_ms + OPEN_DEADLINE_MS;
    link->probe_ms = 0;
    link->ac->data = link;
    redisLibeventAttach(link->ac, link->base);
    redisAsyncSetConnectCallback(link->ac, on_connect);
    redisAsyncSetDisconnectCallback(link->ac, on_disconnect);
    send_setup(link);
}

static void probe(struct queue_link *link, int64_t now)
{
    const char *info[] = { "INFO", "memory" };

    link->probe_ms = now + PROBE_EVERY_MS;
    link->probe_since_ms = now;
    link->health.unseen_bytes = 0;
    if (link->health.trouble[0] != '\0')
        send_group(link);
    send_words(link, on_info_reply, 2, info);
}

/* True when Redis has left something of the link's own unanswered for too long. */
static bool is_stalled(const struct queue_link *link)
{
    if (link->state == LINK_OPENING)
        return link->now_ms >= link->wake_ms;
    return link->probe_since_ms && link->now_ms >= link->probe_since_ms + PROBE_DEADLINE_MS;
}

void queue_link_tick(struct queue_link *link, int64_t now_ms, bool overdue)
{
    link->now_ms = now_ms;
    if (link->ac && link->must_close)
        link_close(link, NULL);
    else if (link->ac && (overdue || is_stalled(link)))
        link_close(link, "no answer in time");
    else if (!link->ac && now_ms >= link->wake_ms)
        link_open(link);
    else if (link->state == LINK_UP && !link->probe_since_ms && now_ms >= link->probe_ms)
        probe(link, now_ms);
}

static void on_answer(redisAsyncContext *ac, void *answer, void *arg)
{
    struct queue_link *link = ac->data;
    struct queue_call *call = arg;
    const redisReply *reply = answer; /* NULL when the connection died: the outcome is unknown */

    if (reply && reply->type == REDIS_REPLY_STRING) {
        fail(link, "");
        call->answered(call, ANSWER_TEXT);
    } else if (reply && reply->type == REDIS_REPLY_ERROR) {
        if (queue_health_note_error(&link->health, error_text(reply)) == REMEDY_RECONNECT)
            link->must_close = true;
        call->answered(call, ANSWER_ERROR);
    } else {
        call->answered(call, ANSWER_NONE);
    }
}

enum status queue_link_send(struct queue_link *link, const struct slice *args, size_t count,
                            struct queue_call *call)
{
    const char *argv[ARGS_MAX];
    size_t lengths[ARGS_MAX];

    assert(count <= ARGS_MAX);
    if (link->state != LINK_UP || link->must_close || !queue_health_has_room(&link->health))
        return STATUS_UNAVAILABLE;
    for (size_t i = 0; i < count; i++) {
        argv[i] = args[i].len > 0 ? args[i].ptr : "";
        lengths[i] = args[i].len;
        link->health.unseen_bytes += (int64_t)args[i].len;
    }
    if (redisAsyncCommandArgv(link->ac, on_answer, call, (int)count, argv, lengths) != REDIS_OK) {
        link->must_close = true;
        return STATUS_UNAVAILABLE;
    }
    return STATUS_OK;
}

bool queue_link_is_up(const struct queue_link *link)
{
    return link->state == LINK_UP;
}

bool queue_link_is_starting(const struct queue_link *link)
{
    return link->state != LINK_UP && link->opened <= 1 && link->health.trouble[0] == '\0';
}

bool queue_link_is_healthy(const struct queue_link *link, char why[QUEUE_LINK_WHY_MAX])
{
    const char *reason = queue_health_complaint(&link->health);

    if (!reason && link->state != LINK_UP)
        reason = "connecting";
    if (reason)
        snprintf(why, QUEUE_LINK_WHY_MAX, "%s", reason);
    return reason == NULL;
}

size_t queue_link_reconnects(const struct queue_link *link)
{
    return link->opened > 0 ? link->opened - 1 : 0;
}

enum status queue_link_new(struct event_base *base, const struct queue_link_conf *conf,
                           struct queue_link **ret_link)
{
    struct queue_link *link;

    if (conf->url->tls)
        return STATUS_INVALID;
    link = calloc(1, sizeof(*link));
    if (!link)
        return STATUS_NO_MEMORY;
    link->conf = *conf;
    link->base = base;
    link->backoff = backoff_make(BACKOFF_MIN_MS, BACKOFF_MAX_MS, (uint64_t)getpid());
    *ret_link = link;
    return STATUS_OK;
}

void queue_link_free(struct queue_link *link)
{
    if (!link)
        return;
    if (link->ac)
        link_close(link, NULL);
    free(link);
}

#define TEXT_OF(macro) #macro
#define TEXT(macro)    TEXT_OF(macro)

const char *queue_link_library(void)
{
    return "hiredis " TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH);
}
