#include "common/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "common/admin_desk.h"
#include "common/admin_guard.h"
#include "common/slice.h"

enum {
    TIMEOUT_S = 5,
    HEADERS_MAX_BYTES = 8 * 1024,
    BODY_MAX_BYTES = 1024,
    METRICS_MAX_BYTES = 1024 * 1024,
};

/* All of them: evhttp answers 501 by itself to a method outside this set. */
enum {
    METHODS = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
              EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT |
              EVHTTP_REQ_PATCH
};

static const char plain_type[] = "text/plain; charset=utf-8";
static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

struct admin {
    struct evhttp *http;
    struct admin_guard *guard;
    struct admin_desk *desk; /* NULL: no page */
    const struct admin_hooks *hooks;
    int port;
};

static void answer(struct evhttp_request *req, int code, const char *type, struct slice body)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    struct evbuffer *out = evhttp_request_get_output_buffer(req);

    /* Without memory for them the answer is poorer, not wrong. */
    (void)evhttp_add_header(headers, "Content-Type", type);
    (void)evhttp_add_header(headers, "Cache-Control", "no-store");
    (void)evhttp_add_header(headers, "Connection",
                            "close"); /* a request framed in two ways ends here */
    if (code == HTTP_BADMETHOD)
        (void)evhttp_add_header(headers, "Allow", "GET");
    (void)evbuffer_add(out, body.ptr, body.len);
    evhttp_send_reply(req, code, NULL, NULL);
}

static void serve_live(const struct admin *admin, struct evhttp_request *req)
{
    (void)admin;
    answer(req, HTTP_OK, plain_type, SLICE("ok\n"));
}

static void serve_ready(const struct admin *admin, struct evhttp_request *req)
{
    char why[ADMIN_WHY_MAX] = "";
    struct buf text = buf_make(ADMIN_WHY_MAX + 1);

    if (admin->hooks->ready(admin->hooks->arg, why)) {
        answer(req, HTTP_OK, plain_type, SLICE("ok\n"));
        return;
    }
    buf_printf(&text, "%s\n", why);
    answer(req, HTTP_SERVUNAVAIL, plain_type, buf_slice(&text));
    buf_release(&text);
}

static void serve_metrics(const struct admin *admin, struct evhttp_request *req)
{
    struct buf text = buf_make(METRICS_MAX_BYTES);

    admin->hooks->metrics(admin->hooks->arg, &text);
    if (buf_status(&text) == STATUS_OK)
        answer(req, HTTP_OK, metrics_type, buf_slice(&text));
    else
        answer(req, HTTP_INTERNAL, plain_type, SLICE("out of memory\n"));
    buf_release(&text);
}

static const struct route {
    const char *path;
    void (*serve)(const struct admin *admin, struct evhttp_request *req);
} routes[] = {
    { "/livez", serve_live },
    { "/readyz", serve_ready },
    { "/healthz", serve_ready },
    { "/metrics", serve_metrics },
};

/* The path is compared as it came, without decoding; what follows a '?' is of no interest. */
static const struct route *find_route(struct evhttp_request *req)
{
    struct slice path = slice_of(evhttp_request_get_uri(req));

    path.len = slice_find(path, '?');
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (slice_equals(path, slice_of(routes[i].path)))
            return &routes[i];
    return NULL;
}

static void serve_page(const struct admin *admin, struct evhttp_request *req)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    enum evhttp_cmd_type method = evhttp_request_get_command(req);

    if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_POST) {
        answer(req, HTTP_BADMETHOD, plain_type, SLICE("method not allowed\n"));
        return;
    }
    if (!admin_desk_take(admin->desk, req)) {
        answer(req, HTTP_SERVUNAVAIL, plain_type, SLICE("busy\n"));
        return;
    }
    admin_guard_extend(admin->guard, evhttp_connection_get_bufferevent(connection), ADMIN_JOB_MS);
}

static void on_request(struct evhttp_request *req, void *arg)
{
    const struct admin *admin = arg;
    const struct route *route = find_route(req);

    if (route == NULL && admin->desk != NULL)
        serve_page(admin, req);
    else if (route == NULL)
        answer(req, HTTP_NOTFOUND, plain_type, SLICE("not found\n"));
    else if (evhttp_request_get_command(req) != EVHTTP_REQ_GET)
        answer(req, HTTP_BADMETHOD, plain_type, SLICE("method not allowed\n"));
    else
        route->serve(arg, req);
}

static void set_limits(struct evhttp *http)
{
    evhttp_set_timeout(http, TIMEOUT_S);
    evhttp_set_max_headers_size(http, HEADERS_MAX_BYTES);
    evhttp_set_max_body_size(http, BODY_MAX_BYTES);
    evhttp_set_allowed_methods(http, METHODS);
    evhttp_set_default_content_type(http, plain_type);
}

enum status admin_new(struct event_base *base, const struct address *address,
                      const struct admin_hooks *hooks, struct admin **ret_admin)
{
    struct evhttp_bound_socket *bound = NULL;
    struct admin *admin = calloc(1, sizeof(*admin));
    int fd = -1;
    enum status st = STATUS_NO_MEMORY;

    if (admin == NULL)
        return STATUS_NO_MEMORY;
    admin->hooks = hooks;
    admin->http = evhttp_new(base);
    if (admin->http == NULL)
        goto out;
    set_limits(admin->http);
    evhttp_set_gencb(admin->http, on_request, admin);
    st = address_listen(address, 0, &fd, &admin->port);
    if (st != STATUS_OK)
        goto out;
    st = STATUS_NO_MEMORY;
    bound = evhttp_accept_socket_with_handle(admin->http, fd);
    if (bound == NULL)
        goto out;
    fd = -1; /* evhttp's now */
    admin->guard = admin_guard_new(base, admin->http, evhttp_bound_socket_get_listener(bound));
    if (admin->guard != NULL)
        st = hooks->page != NULL ? admin_desk_new(base, hooks->page, &admin->desk) : STATUS_OK;
out:
    if (st == STATUS_OK) {
        *ret_admin = admin;
        return STATUS_OK;
    }
    int saved_errno = errno;
    if (fd >= 0)
        (void)close(fd);
    admin_free(admin);
    errno = saved_errno;
    return st;
}

int admin_port(const struct admin *admin)
{
    return admin->port;
}

void admin_free(struct admin *admin)
{
    if (admin == NULL)
        return;
    admin_desk_free(admin->desk);
    if (admin->http != NULL)
        evhttp_free(admin->http);
    admin_guard_free(admin->guard);
    free(admin);
}
