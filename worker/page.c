#include "worker/page.h"

#include <stdlib.h>

#include "common/log.h"
#include "worker/page_assets.h"
#include "worker/page_form.h"
#include "worker/page_parts.h"
#include "worker/status_report.h"
#include "worker/worker_conf.h"

enum {
    SEE_OTHER = 303,
    UNAUTHORIZED = 401,
    FORBIDDEN = 403,
    NOT_FOUND = 404,
    BAD_METHOD = 405,
    TOO_MANY = 429,
    UNAVAILABLE = 503,
    STATUS_TEXT_MAX = 1 << 20,
};

static const char html_type[] = "text/html; charset=utf-8";

void page_fail(struct admin_reply *reply, int code, const char *why)
{
    reply->code = code;
    buf_clear(&reply->text);
    buf_append(&reply->text, SLICE("{\"error\":"));
    buf_append_json(&reply->text, slice_of(why));
    buf_append_char(&reply->text, '}');
}

struct store *page_store(struct page *page, struct admin_reply *reply)
{
    struct store *store = NULL;
    char why[STORE_ERROR_MAX] = "";
    if (status_source_store(page->source, &store, why) == STATUS_OK)
        return store;
    page_fail(reply, UNAVAILABLE, why);
    return NULL;
}

static void go_to(struct admin_reply *reply, const char *where)
{
    reply->code = SEE_OTHER;
    reply->location = where;
    reply->type = html_type;
}

/* One line for all that is refused until the time is over. */
static void put_off(struct page_tries *tries, int64_t now_ms, struct admin_reply *reply)
{
    reply->retry_after_s = (int)((tries->until_ms - now_ms) / 1000) + 1;
    page_fail(reply, TOO_MANY, "too many wrong tokens: wait before the next");
    if (!tries->is_told)
        log_warn("event=page_log_in why=too_many_wrong_tokens action=refusing_all_for_s=%d",
                 reply->retry_after_s);
    tries->is_told = true;
}

static void log_in(struct page *page, const struct admin_request *request,
                   struct admin_reply *reply)
{
    char token[FORM_TEXT_MAX + 1] = "";
    int64_t now_ms = page->clock->mono_ms();
    bool is_given = form_text(request->body, "token", token) == STATUS_OK;
    switch (page_guard_log_in(&page->guard, slice_of(is_given ? token : ""), now_ms)) {
    case PAGE_OPEN:
        page_guard_cookie(&page->guard, true, reply->cookie);
        go_to(reply, "/");
        log_info("event=page_log_in action=accepted");
        break;
    case PAGE_TOO_MANY:
        put_off(&page->guard.forms, now_ms, reply);
        break;
    default:
        go_to(reply, "/login#wrong");
        log_warn("event=page_log_in why=wrong_token action=refused");
    }
    conf_wipe(token, sizeof token);
}

static void log_out(struct page *page, const struct admin_request *request,
                    struct admin_reply *reply)
{
    (void)request;
    page_guard_cookie(&page->guard, false, reply->cookie);
    buf_append(&reply->text, SLICE("{}"));
}

static const struct {
    const char *path;
    bool changes; /* POST, with a CSRF token; else GET */
    page_serve_fn *serve;
} routes[] = {
    { "/api/session", false, page_session },
    { "/api/status", false, page_status },
    { "/api/samples", false, page_samples },
    { "/api/waiting", false, page_waiting },
    { "/api/find", false, page_find },
    { "/api/dead", false, page_dead_list },
    { "/api/dead/letter", false, page_dead_letter },
    { "/api/dead/retry", true, page_dead_retry },
    { "/api/dead/drop", true, page_dead_drop },
    { "/api/logout", true, log_out },
};

enum { ROUTE_COUNT = sizeof routes / sizeof *routes };

static void serve_route(struct page *page, const struct admin_request *request,
                        struct admin_reply *reply)
{
    size_t i = 0;
    while (i < ROUTE_COUNT && !slice_equals(request->path, slice_of(routes[i].path)))
        i++;
    if (i == ROUTE_COUNT)
        page_fail(reply, NOT_FOUND, "there is no such page");
    else if (request->is_post != routes[i].changes)
        page_fail(reply, BAD_METHOD, routes[i].changes ? "this takes POST" : "this takes GET");
    else if (routes[i].changes && !page_guard_change(&page->guard, request))
        page_fail(reply, FORBIDDEN, "the X-CSRF-Token is missing or old: load the page again");
    else
        routes[i].serve(page, request, reply);
}

static void serve_asset(const struct page_asset *asset, struct admin_reply *reply)
{
    reply->type = asset->type;
    reply->fixed = asset->bytes;
}

static void refuse(enum page_access access, bool wants_page, struct admin_reply *reply)
{
    if (access == PAGE_LOG_IN && wants_page)
        go_to(reply, "/login");
    else if (access == PAGE_LOG_IN)
        page_fail(reply, UNAUTHORIZED, "WORKER_ADMIN_TOKEN is needed, as a bearer or by /login");
    else if (access == PAGE_NO_TOKEN)
        page_fail(reply, FORBIDDEN,
                  "set WORKER_ADMIN_TOKEN: without it only a loopback address serves the page");
    else
        page_fail(reply, FORBIDDEN,
                  "ask for localhost: without WORKER_ADMIN_TOKEN other names are refused");
}

static void answer(void *arg, const struct admin_request *request, struct admin_reply *reply)
{
    struct page *page = arg;
    const struct page_asset *asset = request->is_post ? NULL : page_asset_find(request->path);
    if (asset && asset->is_public) {
        serve_asset(asset, reply);
        return;
    }
    if (request->is_post && slice_equals(request->path, SLICE("/login"))) {
        log_in(page, request, reply);
        return;
    }
    int64_t now_ms = page->clock->mono_ms();
    enum page_access access = page_guard_look(&page->guard, request, now_ms);
    if (access == PAGE_TOO_MANY)
        put_off(&page->guard.bearers, now_ms, reply);
    else if (access != PAGE_OPEN)
        refuse(access, asset != NULL, reply);
    else if (asset)
        serve_asset(asset, reply);
    else
        serve_route(page, request, reply);
}

static void tick(void *arg)
{
    page_sample(arg);
}

enum status page_new(const struct worker_conf *conf, const struct clock *clock,
                     struct page **ret_page)
{
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return STATUS_NO_MEMORY;
    page->conf = conf;
    page->clock = clock;
    page->hooks = (struct admin_page){ .answer = answer, .tick = tick, .arg = page };
    page->status = buf_make(STATUS_TEXT_MAX);
    page->source = status_source_new(conf, clock);
    enum status st = page->source ? page_guard_make(&conf->admin, conf->admin_token, &page->guard)
                                  : STATUS_NO_MEMORY;
    if (st == STATUS_OK)
        *ret_page = page;
    else
        page_free(page);
    return st;
}

const struct admin_page *page_hooks(const struct page *page)
{
    return &page->hooks;
}

void page_free(struct page *page)
{
    if (!page)
        return;
    status_source_free(page->source);
    buf_release(&page->status);
    conf_wipe(&page->guard, sizeof page->guard);
    free(page);
}
