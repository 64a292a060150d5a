#include "ingest/answer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <string.h>

#include "ingest/ingest_counters.h"

/* clang-format off */
static const struct {
    int code;
    const char *phrase;
    enum ingest_counter counter;
    const char *body;
    const char *header; /* one more header, or NULL */
    const char *header_value;
} answers[] = {
    [ANSWER_RECEIVED] = { 200, "OK", INGEST_REQUESTS_RECEIVED, "{\"received\":true}", NULL, NULL },
    [ANSWER_MISSING_HEADER] = { 400, "Bad Request", INGEST_REQUESTS_MISSING_HEADER, "{\"error\":\"Missing required webhook headers\"}", NULL, NULL },
    [ANSWER_BAD_SIGNATURE] = { 400, "Bad Request", INGEST_REQUESTS_BAD_SIGNATURE, "{\"error\":\"Invalid signature\"}", NULL, NULL },
    [ANSWER_BAD_TIMESTAMP] = { 400, "Bad Request", INGEST_REQUESTS_TIMESTAMP, "{\"error\":\"Timestamp outside tolerance\"}", NULL, NULL },
    [ANSWER_MALFORMED] = { 400, "Bad Request", INGEST_REQUESTS_MALFORMED, "{\"error\":\"Malformed request\"}", NULL, NULL },
    [ANSWER_NOT_FOUND] = { 404, "Not Found", INGEST_REQUESTS_NOT_FOUND, "{\"error\":\"Not found\"}", NULL, NULL },
    [ANSWER_BAD_METHOD] = { 405, "Method Not Allowed", INGEST_REQUESTS_BAD_METHOD, "{\"error\":\"Method not allowed\"}", "Allow", "POST" },
    [ANSWER_TOO_BIG] = { 413, "Content Too Large", INGEST_REQUESTS_TOO_BIG, "{\"error\":\"Body too large\"}", NULL, NULL },
    [ANSWER_UNAVAILABLE] = { 503, "Service Unavailable", INGEST_REQUESTS_UNAVAILABLE, "{\"error\":\"Queue unavailable\"}", "Retry-After", "5" },
};
/* clang-format on */

/* What was refused may have been cut at the wrong place: evhttp unfolds lines and stops at a NUL,
 * so a length can read differently to us than to whoever passed it on. What follows on that
 * connection is not taken for a request. */
static bool is_refusal(enum answer answer)
{
    return answers[answer].code >= 400 && answers[answer].code < 500;
}

void answer_send(struct evhttp_request *request, enum answer answer, bool close,
                 const struct counters *counters)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    const char *body = answers[answer].body;

    (void)evhttp_add_header(headers, "Content-Type", "application/json");
    if (answers[answer].header)
        (void)evhttp_add_header(headers, answers[answer].header, answers[answer].header_value);
    if ((close || is_refusal(answer)) && !evhttp_find_header(headers, "Connection"))
        (void)evhttp_add_header(headers, "Connection", "close");
    (void)evbuffer_add(evhttp_request_get_output_buffer(request), body, strlen(body));
    counters_add(counters, answers[answer].counter, 1);
    evhttp_send_reply(request, answers[answer].code, answers[answer].phrase, NULL);
}

/* Does what the loop would do a turn later, which then costs neither an epoll_ctl nor a turn. What
 * the socket does not take, or refuses, is left to the loop. */
static void push_out(struct bufferevent *bev)
{
    struct evbuffer *output = bufferevent_get_output(bev);

    (void)evbuffer_unfreeze(output, 1); /* a bufferevent keeps the front of its output shut */
    (void)evbuffer_write(output, bufferevent_getfd(bev));
    (void)evbuffer_freeze(output, 1);
    if (evbuffer_get_length(output) > 0)
        return;
    (void)bufferevent_disable(bev, EV_WRITE);
    bufferevent_trigger(bev, EV_WRITE, 0); /* evhttp: the answer is out */
}

void answer_send_now(struct evhttp_request *request, enum answer answer, bool close,
                     const struct counters *counters)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);

    answer_send(request, answer, close, counters);
    if (connection)
        push_out(evhttp_connection_get_bufferevent(connection));
}
