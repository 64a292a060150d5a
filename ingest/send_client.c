#include "ingest/send_client.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "common/buf.h"
#include "common/json_scan.h"

enum { HEADERS_MAX_BYTES = 16 * 1024, TARGET_MAX_BYTES = 8 * 1024, DEFAULT_PORT = 80 };

struct send_client {
    struct event_base *base;
    struct evhttp_connection *connection;
    struct event *deadline;
    struct evhttp_request *request; /* while one is under way */
    struct send_answer answer;
    struct timeval timeout;
    struct buf target; /* path and query */
    struct buf host;   /* value of the Host header */
    bool done;
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

/* Ends the request under way without an answer. */
static void abandon(struct send_client *client, const char *why)
{
    snprintf(client->answer.text, sizeof client->answer.text, "%s", why);
    client->done = true; /* a cancelled request calls nobody back */
    evhttp_cancel_request(client->request);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    abandon(arg, "no answer in time");
}

static void no_log(int severity, const char *message)
{
    (void)severity;
    (void)message;
}

static bool open_connection(struct send_client *client, const struct evhttp_uri *uri)
{
    int port = evhttp_uri_get_port(uri);
    struct slice host = slice_of(evhttp_uri_get_host(uri));
    if (host.ptr[0] == '[' && slice_ends_with(host, SLICE("]")))
        host = (struct slice){ host.ptr + 1, host.len - 2 };
    char *name = slice_dup(host);
    event_set_log_callback(no_log); /* libevent would print what the answer's text already says */
    client->base = event_base_new();
    if (name && client->base) {
        client->connection = evhttp_connection_base_new(
            client->base, NULL, name, (unsigned short)(port > 0 ? port : DEFAULT_PORT));
        client->deadline = evtimer_new(client->base, on_deadline, client);
    }
    free(name);
    if (!client->connection || !client->deadline)
        return false;
    /* A server that refuses a long body may answer and close before it has all of it. */
    evhttp_connection_set_flags(client->connection, EVHTTP_CON_READ_ON_WRITE_ERROR);
    evhttp_connection_set_max_headers_size(client->connection, HEADERS_MAX_BYTES);
    evhttp_connection_set_max_body_size(client->connection, SEND_CLIENT_ANSWER_MAX_BYTES);
    return true;
}

enum status send_client_new(const char *url, int timeout_ms, struct send_client **ret_client,
                            char ret_error[SEND_CLIENT_ERROR_MAX])
{
    struct send_client *client = NULL;
    struct evhttp_uri *uri = evhttp_uri_parse(url);
    enum status st = check_url(uri, url, ret_error);
    if (st != STATUS_OK)
        goto out;
    st = STATUS_NO_MEMORY;
    snprintf(ret_error, SEND_CLIENT_ERROR_MAX, "out of memory");
    client = calloc(1, sizeof *client);
    if (!client)
        goto out;
    client->timeout = (struct timeval){ timeout_ms / 1000, timeout_ms % 1000 * 1000 };
    client->target = buf_make(TARGET_MAX_BYTES);
    client->host = buf_make(TARGET_MAX_BYTES);
    keep_url(client, uri);
    if (buf_status(&client->target) != STATUS_OK || buf_status(&client->host) != STATUS_OK) {
        st = refuse(ret_error, "the URL is too long", url);
        goto out;
    }
    if (!open_connection(client, uri))
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
    if (client->deadline)
        event_free(client->deadline);
    if (client->connection)
        evhttp_connection_free(client->connection);
    if (client->base)
        event_base_free(client->base);
    buf_release(&client->target);
    buf_release(&client->host);
    free(client);
}

/* --- One request. --- */

static int64_t mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What the body says went wrong: its "error" member, or all of it. */
static struct slice find_error(struct slice body)
{
    struct slice key, value;
    struct json_iter it;
    if (!json_scan_whole(body, &value) || !json_iter_begin(value, &it) || !it.is_object)
        return slice_trim(body);
    while (json_iter_next(&it, &key, &value) == STATUS_OK)
        if (json_spells(key, SLICE("error")) && value.len > 2 && value.ptr[0] == '"')
            return (struct slice){ value.ptr + 1, value.len - 2 };
    return slice_trim(body);
}

/* A stranger's bytes must not steer the terminal. */
static void keep_printable(struct send_answer *answer, struct slice text)
{
    size_t len = text.len < SEND_CLIENT_TEXT_MAX ? text.len : SEND_CLIENT_TEXT_MAX;
    for (size_t i = 0; i < len; i++)
        answer->text[i] = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : '?';
    answer->text[len] = '\0';
}

static void on_error(enum evhttp_request_error error, void *arg)
{
    static const char *const texts[] = {
        [EVREQ_HTTP_TIMEOUT] = "no answer in time",
        [EVREQ_HTTP_EOF] = "the connection was closed before an answer",
        [EVREQ_HTTP_INVALID_HEADER] = "the answer is not HTTP",
        [EVREQ_HTTP_BUFFER_ERROR] = "the connection failed",
        [EVREQ_HTTP_DATA_TOO_LONG] = "the answer is too long",
    };
    struct send_client *client = arg;
    if ((size_t)error < sizeof texts / sizeof texts[0] && texts[error] && !client->done)
        snprintf(client->answer.text, sizeof client->answer.text, "%s", texts[error]);
}

/* libevent keeps to itself why: errno is that of its own cleaning up. */
static void cannot_connect(struct send_client *client)
{
    snprintf(client->answer.text, sizeof client->answer.text, "cannot connect to %.150s",
             buf_text(&client->host));
}

static void on_answer(struct evhttp_request *request, void *arg)
{
    struct send_client *client = arg;
    struct send_answer *answer = &client->answer;
    client->done = true;
    client->request = NULL;
    answer->code = request ? evhttp_request_get_response_code(request) : 0;
    if (answer->code == 0) {
        if (answer->text[0] == '\0')
            cannot_connect(client);
        return;
    }
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t len = evbuffer_get_length(input);
    const char *body = (const char *)evbuffer_pullup(input, -1);
    keep_printable(answer, find_error((struct slice){ body, body ? len : 0 }));
}

static bool prepare(struct send_client *client, const struct send_header *headers, size_t count,
                    struct slice body)
{
    client->request = evhttp_request_new(on_answer, client);
    if (!client->request)
        return false;
    struct evkeyvalq *out = evhttp_request_get_output_headers(client->request);
    int failed = evhttp_add_header(out, "Host", buf_text(&client->host));
    for (size_t i = 0; i < count; i++)
        failed |= evhttp_add_header(out, headers[i].name, headers[i].value);
    failed |= evbuffer_add(evhttp_request_get_output_buffer(client->request), body.ptr, body.len);
    if (!failed) {
        evhttp_request_set_error_cb(client->request, on_error);
        return true;
    }
    evhttp_request_free(client->request);
    client->request = NULL;
    return false;
}

void send_client_post(struct send_client *client, const struct send_header *headers, size_t count,
                      struct slice body, struct send_answer *ret_answer)
{
    int64_t start_us = mono_us();
    client->answer = (struct send_answer){ 0 };
    client->done = false;
    if (!prepare(client, headers, count, body)) {
        snprintf(client->answer.text, sizeof client->answer.text, "the request cannot be made");
        client->done = true;
    } else if (evhttp_make_request(client->connection, client->request, EVHTTP_REQ_POST,
                                   buf_text(&client->target)) != 0 &&
               !client->done) {
        cannot_connect(client);
        client->done = true;
    }
    if (!client->done)
        evtimer_add(client->deadline, &client->timeout);
    while (!client->done)
        if (event_base_loop(client->base, EVLOOP_ONCE) != 0)
            abandon(client, "the event loop failed");
    evtimer_del(client->deadline);
    client->request = NULL;
    client->answer.elapsed_us = mono_us() - start_us;
    *ret_answer = client->answer;
}
