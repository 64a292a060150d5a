#include "ingest/send_client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "common/buf.h"
#include "common/clock.h"

enum { HEADERS_MAX_BYTES = 16 * 1024, TARGET_MAX_BYTES = 8 * 1024, DEFAULT_PORT = 80 };

/* One connection and the post that it carries. */
struct carrier {
    struct send_client *client;
    struct evhttp_connection *connection;
    struct event *deadline;
    struct event *finish;           /* made active when the answer is known */
    struct evhttp_request *request; /* while one is under way */
    struct send_answer answer;
    send_done_fn *done; /* NULL: idle */
    void *arg;
    int64_t start_us;
};

struct send_client {
    struct event_base *base;
    struct timeval timeout;
    struct buf target; /* path and query */
    struct buf host;   /* value of the Host header */
    size_t busy;
    size_t count;
    struct carrier carriers[]; /* count of them */
};

/* --- The URL. --- */

static enum status refuse(char *ret_error, const char *why, const char *url)
{
    snprintf(ret_error, SEND_CLIENT_ERROR_MAX, "%s: %.200s", why, url);
    return STATUS_INVALID;
}

static enum status check_url(const struct evhttp_uri *uri, const char *url, char *ret_error)
{
    const char *scheme = uri ? evhttp_uri_get_scheme(uri) : NULL;
    const char *host = uri ? evhttp_uri_get_host(uri) : NULL;
    if (scheme && strcasecmp(scheme, "https") == 0)
        return refuse(ret_error, "https:// is not supported, send to an http:// URL", url);
    if (!scheme || strcasecmp(scheme, "http") != 0 || !host || *host == '\0')
        return refuse(ret_error, "not a URL of the form http://HOST[:PORT][/PATH]", url);
    if (evhttp_uri_get_userinfo(uri))
        return refuse(ret_error, "a user name in the URL is not supported", "http://…@…");
    if (evhttp_uri_get_port(uri) == 0)
        return refuse(ret_error, "port 0 cannot be reached", url);
    return STATUS_OK;
}

/* Fills what every request needs from the URL. */
static void keep_url(struct send_client *client, const struct evhttp_uri *uri)
{
    const char *path = evhttp_uri_get_path(uri);
    const char *query = evhttp_uri_get_query(uri);
    int port = evhttp_uri_get_port(uri);
    buf_append(&client->target, path && *path ? slice_of(path) : SLICE("/"));
    if (query)
        buf_printf(&client->target, "?%s", query);
    buf_append(&client->host, slice_of(evhttp_uri_get_host(uri)));
    if (port > 0)
        buf_printf(&client->host, ":%d", port);
}

/* --- Connections. --- */

/* The answer is known; what the caller does with it waits until libevent is done with us. */
static void conclude(struct carrier *c)
{
    c->request = NULL;
    (void)evtimer_del(c->deadline);
    event_active(c->finish, EV_TIMEOUT, 0);
}

static void on_finish(evutil_socket_t fd, short what, void *arg)
{
    struct carrier *c = arg;
    send_done_fn *done = c->done;
    (void)fd;
    (void)what;
    c->answer.elapsed_us = clock_mono_us() - c->start_us;
    struct send_answer answer = c->answer;
    c->done = NULL;
    c->client->busy--;
    done(&answer, c->arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct carrier *c = arg;
    (void)fd;
    (void)what;
    snprintf(c->answer.text, sizeof(c->answer.text), "no answer in time");
    evhttp_cancel_request(c->request); /* which calls nobody back */
    conclude(c);
}

static void no_log(int severity, const char *message)
{
    (void)severity;
    (void)message;
}

static bool open_carrier(struct send_client *client, struct carrier *c, const char *host, int port)
{
    c->client = client;
    c->connection = evhttp_connection_base_new(client->base, NULL, host,
                                               (unsigned short)(port > 0 ? port : DEFAULT_PORT));
    c->deadline = evtimer_new(client->base, on_deadline, c);
    c->finish = event_new(client->base, -1, 0, on_finish, c);
    if (!c->connection || !c->deadline || !c->finish)
        return false;
    /* A server that refuses a long body may answer and close before it has all of it. */
    evhttp_connection_set_flags(c->connection, EVHTTP_CON_READ_ON_WRITE_ERROR);
    evhttp_connection_set_max_headers_size(c->connection, HEADERS_MAX_BYTES);
    evhttp_connection_set_max_body_size(c->connection, SEND_CLIENT_ANSWER_MAX_BYTES);
    return true;
}

static bool open_carriers(struct send_client *client, const struct evhttp_uri *uri)
{
    struct slice host = slice_of(evhttp_uri_get_host(uri));
    if (host.ptr[0] == '[' && slice_ends_with(host, SLICE("]")))
        host = (struct slice){ host.ptr + 1, host.len - 2 };
    char *name = slice_dup(host);
    event_set_log_callback(no_log); /* libevent would print what the answer's text already says */
    client->base = event_base_new();
    bool is_open = name && client->base;
    for (size_t i = 0; i < client->count && is_open; i++)
        is_open = open_carrier(client, &client->carriers[i], name, evhttp_uri_get_port(uri));
    free(name);
    return is_open;
}

enum status send_client_new(const char *url, int timeout_ms, size_t connections,
                            struct send_client **ret_client, char ret_error[SEND_CLIENT_ERROR_MAX])
{
    struct send_client *client = NULL;
    struct evhttp_uri *uri = evhttp_uri_parse(url);
    enum status st = check_url(uri, url, ret_error);
    if (st != STATUS_OK)
        goto out;
    st = STATUS_NO_MEMORY;
    snprintf(ret_error, SEND_CLIENT_ERROR_MAX, "out of memory");
    client = calloc(1, sizeof(*client) + connections * sizeof(client->carriers[0]));
    if (!client)
        goto out;
    client->count = connections;
    client->timeout = (struct timeval){ timeout_ms / 1000, timeout_ms % 1000 * 1000 };
    client->target = buf_make(TARGET_MAX_BYTES);
    client->host = buf_make(TARGET_MAX_BYTES);
    keep_url(client, uri);
    if (buf_status(&client->target) != STATUS_OK || buf_status(&client->host) != STATUS_OK) {
        st = refuse(ret_error, "the URL is too long", url);
        goto out;
    }
    if (!open_carriers(client, uri))
        goto out;
    *ret_client = client;
    client = NULL;
    st = STATUS_OK;
out:
    send_client_free(client);
    if (uri)
        evhttp_uri_free(uri);
    return st;
}

void send_client_free(struct send_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->count; i++) {
        struct carrier *c = &client->carriers[i];
        if (c->request)
            evhttp_cancel_request(c->request);
        if (c->deadline)
            event_free(c->deadline);
        if (c->finish)
            event_free(c->finish);
        if (c->connection)
            evhttp_connection_free(c->connection);
    }
    if (client->base)
        event_base_free(client->base);
    buf_release(&client->target);
    buf_release(&client->host);
    free(client);
}

struct event_base *send_client_base(struct send_client *client)
{
    return client->base;
}

bool send_client_is_free(const struct send_client *client)
{
    return client->busy < client->count;
}

/* --- One request. --- */

static void on_error(enum evhttp_request_error error, void *arg)
{
    struct carrier *c = arg;
    const char *why = send_answer_failure((int)error);
    if (why)
        snprintf(c->answer.text, sizeof(c->answer.text), "%s", why);
}

/* libevent keeps to itself why: errno is that of its own cleaning up. */
static void cannot_connect(struct carrier *c)
{
    snprintf(c->answer.text, sizeof(c->answer.text), "cannot connect to %.150s",
             buf_text(&c->client->host));
}

static void on_answer(struct evhttp_request *request, void *arg)
{
    struct carrier *c = arg;
    struct send_answer *answer = &c->answer;
    conclude(c);
    answer->code = request ? evhttp_request_get_response_code(request) : 0;
    if (answer->code == 0) {
        if (answer->text[0] == '\0')
            cannot_connect(c);
        return;
    }
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(input);
    const char *body = (const char *)evbuffer_pullup(input, -1);
    send_answer_explain(answer, (struct slice){ body, body ? len : 0 });
}

/* NULL: a header that cannot be, or no memory. */
static struct evhttp_request *make_request(struct carrier *c, const struct send_header *headers,
                                           size_t count, struct slice body)
{
    struct evhttp_request *request = evhttp_request_new(on_answer, c);
    if (!request)
        return NULL;
    struct evkeyvalq *out = evhttp_request_get_output_headers(request);
    int failed = evhttp_add_header(out, "Host", buf_text(&c->client->host));
    for (size_t i = 0; i < count; i++)
        failed |= evhttp_add_header(out, headers[i].name, headers[i].value);
    failed |= evbuffer_add(evhttp_request_get_output_buffer(request), body.ptr, body.len);
    if (failed) {
        evhttp_request_free(request);
        return NULL;
    }
    evhttp_request_set_error_cb(request, on_error);
    return request;
}

static struct carrier *find_idle(struct send_client *client)
{
    size_t i = 0;
    while (i < client->count && client->carriers[i].done)
        i++;
    assert(i < client->count);
    return &client->carriers[i];
}

void send_client_post(struct send_client *client, const struct send_header *headers, size_t count,
                      struct slice body, send_done_fn *done, void *arg)
{
    struct carrier *c = find_idle(client);
    client->busy++;
    c->done = done;
    c->arg = arg;
    c->answer = (struct send_answer){ 0 };
    c->start_us = clock_mono_us();
    c->request = make_request(c, headers, count, body);
    if (!c->request) {
        snprintf(c->answer.text, sizeof(c->answer.text), "the request cannot be made");
        conclude(c);
        return;
    }
    (void)evtimer_add(c->deadline, &client->timeout);
    if (evhttp_make_request(c->connection, c->request, EVHTTP_REQ_POST,
                            buf_text(&client->target)) != 0 &&
        c->request) {
        cannot_connect(c);
        conclude(c);
    }
}
