#ifndef CLERK_TESTS_WEBHOOK_FIXTURE_H
#define CLERK_TESTS_WEBHOOK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "common/address.h"
#include "ingest/conn_guard.h"
#include "ingest/event_filter.h"
#include "ingest/ingest_counters.h"
#include "ingest/queue_writer.h"
#include "ingest/signature.h"
#include "ingest/webhook.h"

/* The webhook port as it runs, but without a Redis: whatever gets past all checks ends as 503, so
 * that a 503 here means "verified and wanted". The full answers are tested end to end. */

#define SECRET   "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define VERIFIED 503

enum { REPLY_MAX = 512, BODY_LIMIT = 1024 * 1024, PATIENCE_S = 10 };

struct fixture {
    struct event_base *base;
    struct evhttp *http;
    struct conn_guard *guard;
    struct queue_writer *queue;
    struct webhook *webhook;
    struct signature_keys *keys; /* the sender's */
    struct redis_url url;
    struct event_filter filter;
    struct slice path;
    atomic_int_least64_t values[INGEST_COUNTER_COUNT];
    struct counters counters;
    struct histogram_cells cells[INGEST_HISTOGRAM_COUNT];
    struct histograms histograms;
    int port;
    int code;
    char reply[REPLY_MAX];
    char allow[32];
    char retry_after[32];
};

static void on_changed(void *arg, bool up, const char *why)
{
    (void)arg;
    (void)up;
    (void)why;
}

static struct signature_keys *new_keys(void)
{
    struct signature_keys *keys = NULL;
    char error[SIGNATURE_ERROR_MAX];

    assert_int_equal(signature_keys_new(SLICE(SECRET), &keys, error), STATUS_OK);
    return keys;
}

static void make_server(struct fixture *f)
{
    const struct queue_conf queue_conf = { &f->url, "k", "g", 10, &clock_system, on_changed, f };
    const struct conn_guard_conf guard_conf = {
        .max_connections = 10,
        .buffer_max_bytes = BODY_LIMIT + WEBHOOK_BUFFER_EXTRA,
        .request_deadline_ms = 5000,
        .clock = &clock_system,
        .counters = &f->counters,
    };
    struct webhook_conf webhook_conf = {
        .paths = &f->path,
        .path_count = 1,
        .filter = &f->filter,
        .tolerance_s = 300,
        .body_limit_bytes = BODY_LIMIT,
        .counters = &f->counters,
        .histograms = &f->histograms,
        .clock = &clock_system,
    };
    struct signature_keys *keys = new_keys();

    assert_int_equal(queue_writer_new(f->base, &queue_conf, &f->queue), STATUS_OK);
    assert_int_equal(conn_guard_new(f->base, f->http, &guard_conf, &f->guard), STATUS_OK);
    webhook_conf.queue = f->queue;
    assert_int_equal(webhook_new(f->http, &webhook_conf, &keys, &f->webhook), STATUS_OK);
    assert_null(keys);
}

static int set_up(void **state)
{
    const struct address address = { "127.0.0.1", 0 };
    struct fixture *f = calloc(1, sizeof(*f));
    int fd = -1;
    char error[EVENT_FILTER_ERROR_MAX];

    assert_non_null(f);
    f->base = event_base_new();
    f->http = evhttp_new(f->base);
    f->keys = new_keys();
    f->path = SLICE("/webhooks");
    f->url.unix_socket = true;
    snprintf(f->url.path, sizeof(f->url.path), "/nonexistent/redis.sock");
    f->counters = (struct counters){ ingest_counter_info, f->values, INGEST_COUNTER_COUNT };
    f->histograms = (struct histograms){ ingest_histogram_info, f->cells, INGEST_HISTOGRAM_COUNT };
    assert_int_equal(event_filter_parse(SLICE("user.*"), &f->filter, error), STATUS_OK);
    make_server(f);
    assert_int_equal(address_listen(&address, 0, &fd, &f->port), STATUS_OK);
    assert_int_equal(conn_guard_listen(f->guard, fd), STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    queue_writer_free(f->queue);
    conn_guard_free(f->guard);
    evhttp_free(f->http);
    webhook_free(f->webhook);
    event_base_free(f->base);
    signature_keys_free(f->keys);
    free(f);
    return 0;
}

static void copy_header(struct evhttp_request *request, const char *name, char *out, size_t size)
{
    const char *value = evhttp_find_header(evhttp_request_get_input_headers(request), name);

    snprintf(out, size, "%s", value ? value : "");
}

static void on_answer(struct evhttp_request *request, void *arg)
{
    struct fixture *f = arg;

    (void)event_base_loopbreak(f->base);
    f->code = request ? evhttp_request_get_response_code(request) : 0;
    if (!request)
        return;
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    ev_ssize_t len = evbuffer_copyout(body, f->reply, sizeof(f->reply) - 1);
    f->reply[len > 0 ? len : 0] = '\0';
    copy_header(request, "Allow", f->allow, sizeof(f->allow));
    copy_header(request, "Retry-After", f->retry_after, sizeof(f->retry_after));
}

static void add_signature(struct fixture *f, struct evhttp_request *request, struct slice body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    char now[24];
    char text[SIGNATURE_TEXT_LEN + 1];
    struct signed_request parts = { .id = SLICE("msg_1"), .body = &body, .body_count = 1 };

    snprintf(now, sizeof(now), "%lld", (long long)(clock_system.wall_ms() / 1000));
    parts.timestamp = slice_of(now);
    assert_int_equal(signature_sign(f->keys, &parts, text), STATUS_OK);
    (void)evhttp_add_header(headers, "Svix-Id", "msg_1");
    (void)evhttp_add_header(headers, "Svix-Timestamp", now);
    (void)evhttp_add_header(headers, "Svix-Signature", text);
}

/* Sends one request, signed as signed_body says, and waits for its answer's code. */
static int ask(struct fixture *f, enum evhttp_cmd_type method, const char *path, struct slice body,
               const struct slice *signed_body)
{
    const struct timeval patience = { PATIENCE_S, 0 };
    struct evhttp_connection *connection = evhttp_connection_base_new(f->base, NULL, "127.0.0.1",
                                                                      (unsigned short)f->port);
    struct evhttp_request *request = evhttp_request_new(on_answer, f);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);

    f->code = -1;
    (void)evhttp_add_header(headers, "Host", "localhost");
    if (signed_body)
        add_signature(f, request, *signed_body);
    (void)evbuffer_add(evhttp_request_get_output_buffer(request), body.ptr, body.len);
    assert_int_equal(evhttp_make_request(connection, request, method, path), 0);
    (void)event_base_loopexit(f->base, &patience);
    (void)event_base_dispatch(f->base);
    evhttp_connection_free(connection);
    return f->code;
}

static int post_signed(struct fixture *f, struct slice body)
{
    return ask(f, EVHTTP_REQ_POST, "/webhooks", body, &body);
}

#define ON_SERVER(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
