#include "ingest/webhook.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "common/envelope.h"
#include "common/log.h"
#include "common/stream.h"
#include "ingest/answer.h"
#include "ingest/event_filter.h"
#include "ingest/ingest_counters.h"
#include "ingest/queue_writer.h"
#include "ingest/request_head.h"
#include "ingest/request_hold.h"
#include "ingest/signature.h"

enum { BODY_PIECES_MAX = 64, LOG_EVERY_MS = 10 * 1000 };

/* What becomes of each result of the signature check. */
static const struct {
    enum status status;
    enum answer answer;
    enum ingest_counter counter;
} rejections[] = {
    { STATUS_MISSING_HEADER, ANSWER_MISSING_HEADER, INGEST_FAILED_MISSING_HEADER },
    { STATUS_BAD_SIGNATURE, ANSWER_BAD_SIGNATURE, INGEST_FAILED_SIGNATURE },
    { STATUS_OUT_OF_WINDOW, ANSWER_BAD_TIMESTAMP, INGEST_FAILED_TIMESTAMP },
    { STATUS_INVALID, ANSWER_MALFORMED, INGEST_FAILED_MALFORMED }, /* last: for all others too */
};

struct webhook {
    struct webhook_conf conf;
    struct evhttp *http;
    struct answers answers;
    struct signature_keys *keys;
    size_t pending;
    bool draining;
    int64_t began_us;     /* when the request under way in on_request() came */
    int64_t log_after_ms; /* when the next rejection may be logged */
    uint64_t unlogged;    /* rejections since the last line */
};

/* A request that waits for Redis. evhttp keeps the request alive until it is answered, even when
 * its connection is gone by then. */
struct waiting {
    struct webhook *webhook;
    struct evhttp_request *request;
    struct request_hold hold;
    int64_t skew_s;
    int64_t began_us;
    int64_t handed_us; /* to Redis */
};

static void observe(const struct webhook *webhook, enum ingest_histogram which, int64_t since_us)
{
    histograms_observe(webhook->conf.histograms, which, clock_mono_us() - since_us);
}

static void send_answer(struct webhook *webhook, struct evhttp_request *request, enum answer answer)
{
    observe(webhook, INGEST_REQUEST_DURATION, webhook->began_us);
    answers_send(&webhook->answers, request, answer, webhook->draining);
}

/* Rejections tell of a wrong secret or clock, but strangers can cause any number of them. */
static void log_rejection(struct webhook *webhook, enum status st, struct slice id)
{
    int64_t now_ms = webhook->conf.clock->mono_ms();

    webhook->unlogged++;
    if (now_ms < webhook->log_after_ms)
        return;
    log_warn("event=rejected why=%s svix_id=%.*s count=%llu action=answered_400", status_name(st),
             SLICE_ARG(id), (unsigned long long)webhook->unlogged);
    webhook->log_after_ms = now_ms + LOG_EVERY_MS;
    webhook->unlogged = 0;
}

static void reject(struct webhook *webhook, struct evhttp_request *request, enum status st,
                   struct slice id)
{
    size_t i = 0;

    while (rejections[i].status != st && rejections[i].status != STATUS_INVALID)
        i++;
    counters_add(webhook->conf.counters, rejections[i].counter, 1);
    log_rejection(webhook, st, id);
    send_answer(webhook, request, rejections[i].answer);
}

static void on_added(enum status st, void *arg)
{
    struct waiting *waiting = arg;
    struct webhook *webhook = waiting->webhook;

    webhook->pending--;
    if (st == STATUS_OK) {
        counters_add(webhook->conf.counters, INGEST_STORED, 1);
        counters_set(webhook->conf.counters, INGEST_CLOCK_SKEW, waiting->skew_s);
        counters_set(webhook->conf.counters, INGEST_LAST_STORED_MS, webhook->conf.clock->wall_ms());
        observe(webhook, INGEST_XADD_DURATION, waiting->handed_us);
    }
    observe(webhook, INGEST_REQUEST_DURATION, waiting->began_us);
    answers_send_now(&webhook->answers, waiting->request,
                     st == STATUS_OK ? ANSWER_RECEIVED : ANSWER_UNAVAILABLE,
                     webhook->draining || waiting->hold.ended);
    free(waiting);
}

/* The body in one piece. STATUS_NO_MEMORY: it cannot be moved together. */
static enum status whole_body(struct evbuffer *buffer, struct slice *ret_body)
{
    size_t len = evbuffer_get_length(buffer);
    const char *bytes = (const char *)evbuffer_pullup(buffer, -1);

    if (len > 0 && !bytes)
        return STATUS_NO_MEMORY;
    *ret_body = (struct slice){ bytes, len };
    return STATUS_OK;
}

/* The type that the body names; empty where it names none or an absurd one. */
static struct slice type_of(struct slice body)
{
    struct slice type = envelope_type(body);

    return type.len <= STREAM_TYPE_MAX ? type : SLICE("");
}

/* A webhook whose signature is good: into the stream with it. */
static void store(struct webhook *webhook, struct evhttp_request *request,
                  const struct signed_request *parts, int64_t now_ms)
{
    struct delivery delivery = {
        .id = parts->id,
        .timestamp = parts->timestamp,
        .received_ms = now_ms,
    };
    struct waiting *waiting;
    int64_t sent_s = 0;

    if (whole_body(evhttp_request_get_input_buffer(request), &delivery.body) != STATUS_OK) {
        send_answer(webhook, request, ANSWER_UNAVAILABLE);
        return;
    }
    delivery.type = type_of(delivery.body);
    if (!event_filter_passes(webhook->conf.filter, delivery.type)) {
        counters_add(webhook->conf.counters, INGEST_SKIPPED, 1);
        send_answer(webhook, request, ANSWER_RECEIVED);
        return;
    }
    waiting = calloc(1, sizeof(*waiting));
    if (!waiting) {
        send_answer(webhook, request, ANSWER_UNAVAILABLE);
        return;
    }
    (void)slice_to_i64(parts->timestamp, 0, INT64_MAX, &sent_s);
    *waiting = (struct waiting){ webhook,           request,        { 0 }, now_ms / 1000 - sent_s,
                                 webhook->began_us, clock_mono_us() };
    if (queue_writer_add(webhook->conf.queue, &delivery, on_added, waiting) != STATUS_OK) {
        free(waiting);
        send_answer(webhook, request, ANSWER_UNAVAILABLE);
        return;
    }
    webhook->pending++;
    request_hold_begin(&waiting->hold, request);
}

/* Points pieces at the body as it lies, without moving it unless it is in very many parts. Statuses
 * of whole_body(). */
static enum status body_pieces(struct evbuffer *buffer, struct slice pieces[BODY_PIECES_MAX],
                               size_t *ret_count)
{
    struct evbuffer_iovec parts[BODY_PIECES_MAX];
    ev_ssize_t len = (ev_ssize_t)evbuffer_get_length(buffer); /* with -1 it stops at the maximum */
    int count = evbuffer_peek(buffer, len, NULL, parts, BODY_PIECES_MAX);

    if (count > BODY_PIECES_MAX) {
        enum status st = whole_body(buffer, &pieces[0]);

        if (st == STATUS_OK)
            *ret_count = 1;
        return st;
    }
    for (int i = 0; i < count; i++)
        pieces[i] = (struct slice){ parts[i].iov_base, parts[i].iov_len };
    *ret_count = (size_t)count;
    return STATUS_OK;
}

static void verify(struct webhook *webhook, struct evhttp_request *request,
                   const struct request_head *head)
{
    struct slice pieces[BODY_PIECES_MAX];
    struct signed_request parts = { .body = pieces };
    int64_t now_ms = webhook->conf.clock->wall_ms();
    enum status st = request_head_signed(head, &parts);

    if (st == STATUS_OK)
        st = body_pieces(evhttp_request_get_input_buffer(request), pieces, &parts.body_count);
    if (st == STATUS_OK)
        st = signature_verify(webhook->keys, &parts, now_ms / 1000, webhook->conf.tolerance_s);
    if (st == STATUS_OK)
        store(webhook, request, &parts, now_ms);
    else if (st == STATUS_NO_MEMORY)
        send_answer(webhook, request, ANSWER_UNAVAILABLE);
    else
        reject(webhook, request, st, parts.id);
}

/* Compares the path as it came, up to the query. evhttp's own routes are decoded first, which lets
 * "/webhooks%00x" pass for "/webhooks". */
static bool path_is_ours(const struct webhook *webhook, const char *uri)
{
    struct slice path = slice_of(uri);

    path.len = slice_find(path, '?');
    for (size_t i = 0; i < webhook->conf.path_count; i++)
        if (slice_equals(path, webhook->conf.paths[i]))
            return true;
    return false;
}

static void on_request(struct evhttp_request *request, void *arg)
{
    struct webhook *webhook = arg;
    struct request_head head;
    bool framed;

    webhook->began_us = clock_mono_us();
    request_head_read(evhttp_request_get_input_headers(request), &head);
    framed = request_head_is_framed(&head);
    if (!framed)
        (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    if (!path_is_ours(webhook, evhttp_request_get_uri(request)))
        send_answer(webhook, request, ANSWER_NOT_FOUND);
    else if (evhttp_request_get_command(request) != EVHTTP_REQ_POST)
        send_answer(webhook, request, ANSWER_BAD_METHOD);
    else if (!framed)
        reject(webhook, request, STATUS_INVALID, SLICE(""));
    else if (evbuffer_get_length(evhttp_request_get_input_buffer(request)) >
             webhook->conf.body_limit_bytes)
        send_answer(webhook, request, ANSWER_TOO_BIG);
    else
        verify(webhook, request, &head);
}

enum status webhook_new(struct evhttp *http, const struct webhook_conf *conf,
                        struct signature_keys **keys, struct webhook **ret_webhook)
{
    struct webhook *webhook = calloc(1, sizeof(*webhook));

    if (!webhook) {
        signature_keys_free(*keys);
        *keys = NULL;
        return STATUS_NO_MEMORY;
    }
    webhook->conf = *conf;
    webhook->http = http;
    webhook->answers = answers_make(conf->counters, conf->clock);
    webhook_set_keys(webhook, keys);
    evhttp_set_allowed_methods(http, UINT16_MAX); /* so that the 405 is ours */
    evhttp_set_max_headers_size(http, WEBHOOK_HEADERS_MAX);
    evhttp_set_max_body_size(http, (ev_ssize_t)conf->body_limit_bytes + WEBHOOK_BODY_SLACK);
    evhttp_set_gencb(http, on_request, webhook);
    *ret_webhook = webhook;
    return STATUS_OK;
}

void webhook_set_keys(struct webhook *webhook, struct signature_keys **keys)
{
    signature_keys_free(webhook->keys);
    webhook->keys = *keys;
    *keys = NULL;
}

void webhook_drain(struct webhook *webhook)
{
    webhook->draining = true;
}

size_t webhook_pending_count(const struct webhook *webhook)
{
    return webhook->pending;
}

void webhook_free(struct webhook *webhook)
{
    if (!webhook)
        return;
    assert(webhook->pending == 0);
    signature_keys_free(webhook->keys);
    free(webhook);
}
