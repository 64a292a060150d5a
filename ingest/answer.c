#include "ingest/answer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/util.h>
#include <string.h>
#include <time.h>

#include "ingest/ingest_counters.h"

/* clang-format off */
static const struct {
    int code;
    const char *phrase;
    enum ingest_counter counter;
    const char *body;
    const char *header; /* one more header, or NULL */
    const char *header_value;
} texts[] = {
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
    return texts[answer].code >= 400 && texts[answer].code < 500;
}

struct answers answers_make(const struct counters *counters, const struct clock *clock)
{
    return (struct answers){ .counters = counters, .clock = clock };
}

/* evhttp would write the date anew for each answer. */
static const char *date_now(struct answers *answers)
{
    time_t now_s = (time_t)(answers->clock->wall_ms() / 1000);
    struct tm tm;

    if (now_s != answers->date_s && gmtime_r(&now_s, &tm)) {
        (void)evutil_date_rfc1123(answers->date, sizeof(answers->date), &tm);
        answers->date_s = now_s;
    }
    return answers->date;
}

void answers_send(struct answers *answers, struct evhttp_request *request, enum answer answer,
                  bool close)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    const char *body = texts[answer].body;

    (void)evhttp_add_header(headers, "Content-Type", "application/json");
    (void)evhttp_add_header(headers, "Date", date_now(answers));
    if (texts[answer].header)
        (void)evhttp_add_header(headers, texts[answer].header, texts[answer].header_value);
    if ((close || is_refusal(answer)) && !evhttp_find_header(headers, "Connection"))
        (void)evhttp_add_header(headers, "Connection", "close");
    (void)evbuffer_add(evhttp_request_get_output_buffer(request), body, strlen(body));
    counters_add(answers->counters, texts[answer].counter, 1);
    evhttp_send_reply(request, texts[answer].code, texts[answer].phrase, NULL);
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

void answers_send_now(struct answers *answers, struct evhttp_request *request, enum answer answer,
                      bool close)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);

    answers_send(answers, request, answer, close);
    if (connection)
        push_out(evhttp_connection_get_bufferevent(connection));
}
