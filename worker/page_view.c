#include "worker/page_form.h"
#include "worker/page_parts.h"
#include "worker/peek_json.h"
#include "worker/queue_browse.h"
#include "worker/redis_link.h"
#include "worker/status_print.h"
#include "worker/status_report.h"
#include "worker/worker_conf.h"

enum {
    BAD_REQUEST = 400,
    UNAVAILABLE = 503,
    STATUS_FRESH_MS = 900,
    STATUS_COST_FACTOR = 20, /* counting a long ledger takes time: at most a twentieth of it, */
    STATUS_OLD_MS = 5000,    /* unless that would be old by then */
    WAITING_COUNT = 20,
    WAITING_MAX = 100,
};

void page_session(struct page *page, const struct admin_request *request, struct admin_reply *reply)
{
    (void)request;
    buf_append(&reply->text, SLICE("{\"worker\":"));
    buf_append_json(&reply->text, slice_of(page->conf->name));
    buf_printf(&reply->text, ",\"version\":\"%s\",\"logged_in\":%s,\"csrf\":\"%s\"}", CLERK_VERSION,
               page->guard.token ? "true" : "false", page->guard.csrf);
}

void page_status(struct page *page, const struct admin_request *request, struct admin_reply *reply)
{
    int64_t start_ms = page->clock->mono_ms();
    (void)request;
    if (start_ms >= page->status_until_ms) {
        struct status_report report;
        status_source_look(page->source, &report);
        buf_clear(&page->status);
        status_json_append(&report, &page->status);
        int64_t end_ms = page->clock->mono_ms();
        int64_t rest_ms = (end_ms - start_ms) * STATUS_COST_FACTOR;
        if (rest_ms < STATUS_FRESH_MS)
            rest_ms = STATUS_FRESH_MS;
        page->status_until_ms = end_ms + (rest_ms < STATUS_OLD_MS ? rest_ms : STATUS_OLD_MS);
    }
    buf_append(&reply->text, buf_slice(&page->status));
}

void page_samples(struct page *page, const struct admin_request *request, struct admin_reply *reply)
{
    int64_t after_ms = 0;
    if (form_number(request->query, "after", 0, INT64_MAX, &after_ms) != STATUS_OK)
        page_fail(reply, BAD_REQUEST, "after: a time in milliseconds");
    else
        samples_json_append(&page->samples, after_ms, &reply->text);
}

void page_waiting(struct page *page, const struct admin_request *request, struct admin_reply *reply)
{
    struct redis_link *link = status_source_link(page->source);
    struct batch batch = { 0 };
    int64_t count = WAITING_COUNT;
    if (form_number(request->query, "count", 1, WAITING_MAX, &count) != STATUS_OK) {
        page_fail(reply, BAD_REQUEST, "count: 1 to 100");
        return;
    }
    if (queue_browse_next(link, status_source_queue(page->source), SLICE(""), (size_t)count,
                          &batch) != STATUS_OK) {
        page_fail(reply, UNAVAILABLE, redis_link_why(link));
        return;
    }
    buf_append_char(&reply->text, '[');
    for (size_t i = 0; i < batch.count; i++) {
        if (i > 0)
            buf_append_char(&reply->text, ',');
        peek_json_append(&reply->text, &batch.entries[i], page->clock->wall_ms(), false);
    }
    buf_append_char(&reply->text, ']');
    batch_release(&batch);
}
