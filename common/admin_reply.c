#include "common/admin_reply.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdio.h>

#include "common/admin.h"

enum { UNAUTHORIZED = 401, TOO_MANY = 429 };

/* Nothing of another origin is loaded, nothing inline runs, nobody may frame the page. */
static const struct {
    const char *name;
    const char *value;
} headers[] = {
    { "Cache-Control", "no-store" },
    { "Connection", "close" },
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
};

static void add_retry_after(struct evkeyvalq *out, int s)
{
    char text[16];

    if (s <= 0)
        return;
    (void)snprintf(text, sizeof(text), "%d", s);
    (void)evhttp_add_header(out, "Retry-After", text);
}

void admin_reply_send(struct evhttp_request *req, const struct admin_reply *reply)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);
    struct slice body = reply->fixed.len > 0 ? reply->fixed : buf_slice(&reply->text);
    int code = buf_status(&reply->text) == STATUS_OK ? reply->code : HTTP_INTERNAL;

    (void)evhttp_add_header(out, "Content-Type", reply->type);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        (void)evhttp_add_header(out, headers[i].name, headers[i].value);
    if (reply->location != NULL)
        (void)evhttp_add_header(out, "Location", reply->location);
    if (reply->cookie[0] != '\0')
        (void)evhttp_add_header(out, "Set-Cookie", reply->cookie);
    if (code == UNAUTHORIZED)
        (void)evhttp_add_header(out, "WWW-Authenticate", "Bearer");
    add_retry_after(out, reply->retry_after_s);
    (void)evbuffer_add(evhttp_request_get_output_buffer(req), body.ptr, body.len);
    /* evhttp does not know each code's phrase; it frees req where its connection is gone */
    evhttp_send_reply(req, code, code == TOO_MANY ? "Too Many Requests" : NULL, NULL);
}

static struct slice header_of(struct evhttp_request *req, const char *name)
{
    return slice_of(evhttp_find_header(evhttp_request_get_input_headers(req), name));
}

/* What the slices show lives as long as req, which nothing changes until it is replied to. */
struct admin_request admin_request_of(struct evhttp_request *req)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(req);
    struct slice uri = slice_of(evhttp_request_get_uri(req));
    size_t end = slice_find(uri, '?');
    struct admin_request r = {
        .is_post = evhttp_request_get_command(req) == EVHTTP_REQ_POST,
        .path = { uri.ptr, end },
        .host = header_of(req, "Host"),
        .authorization = header_of(req, "Authorization"),
        .cookie = header_of(req, "Cookie"),
        .csrf = header_of(req, "X-CSRF-Token"),
        .body = { (const char *)evbuffer_pullup(in, -1), evbuffer_get_length(in) },
    };

    if (end < uri.len)
        r.query = (struct slice){ uri.ptr + end + 1, uri.len - end - 1 };
    if (r.body.ptr == NULL)
        r.body.len = 0;
    return r;
}
