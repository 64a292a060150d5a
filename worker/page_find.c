#include <inttypes.h>
#include <stdio.h>

#include "worker/dead_json.h"
#include "worker/event_id.h"
#include "worker/page_form.h"
#include "worker/page_parts.h"
#include "worker/peek_json.h"
#include "worker/queue_browse.h"
#include "worker/redis_link.h"
#include "worker/status_report.h"
#include "worker/store_find.h"

enum {
    BAD_REQUEST = 400,
    UNAVAILABLE = 503,
    PORTION = 200,
    SCAN_MAX = 20000, /* entries of the stream, and */
    SCAN_MS = 2000,   /* so long; the answer says when that was not all */
    MATCHES_MAX = 20,
};

struct find {
    struct page *page;
    struct slice id; /* a svix-id, or an object's */
    struct buf *out;
    size_t count; /* in the list that is being written */
};

static void begin_item(struct find *f)
{
    if (f->count++ > 0)
        buf_append_char(f->out, ',');
}

/* --- what waits in the stream --- */

static enum status add_waiting(struct find *f, const struct queue_entry *entry)
{
    struct redis_link *link = status_source_link(f->page->source);
    struct queue_holder holder;
    enum status st = queue_browse_holder(link, status_source_queue(f->page->source),
                                         entry->entry_id, &holder);
    if (st != STATUS_OK)
        return st;
    begin_item(f);
    buf_append(f->out, SLICE("{\"entry\":"));
    peek_json_append(f->out, entry, f->page->clock->wall_ms(), false);
    buf_append(f->out, SLICE(",\"held_by\":"));
    if (holder.name[0])
        buf_append_json(f->out, slice_of(holder.name));
    else
        buf_append(f->out, SLICE("null"));
    buf_printf(f->out, ",\"held_ms\":%" PRId64 ",\"deliveries\":%" PRId64 "}", holder.idle_ms,
               holder.deliveries);
    return st;
}

static enum status scan_portion(struct find *f, const struct batch *batch)
{
    enum status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < batch->count && f->count < MATCHES_MAX; i++) {
        const struct queue_entry *entry = &batch->entries[i];
        if (slice_equals(entry->svix_id, f->id) || slice_equals(event_id_peek(entry->body), f->id))
            st = add_waiting(f, entry);
    }
    return st;
}

/* *ret_all: the whole stream was looked through. */
static enum status scan(struct find *f, bool *ret_all)
{
    struct redis_link *link = status_source_link(f->page->source);
    const struct queue_conf *queue = status_source_queue(f->page->source);
    char last[QUEUE_ENTRY_ID_MAX + 1] = "";
    int64_t end_ms = f->page->clock->mono_ms() + SCAN_MS;
    size_t seen = 0;
    enum status st = STATUS_OK;
    *ret_all = false;
    while (st == STATUS_OK && !*ret_all && seen < SCAN_MAX && f->count < MATCHES_MAX &&
           f->page->clock->mono_ms() < end_ms) {
        struct batch batch = { 0 };
        st = queue_browse_next(link, queue, slice_of(last), PORTION, &batch);
        if (st == STATUS_OK)
            st = scan_portion(f, &batch);
        seen += batch.count;
        *ret_all = batch.count < PORTION;
        if (batch.count > 0)
            snprintf(last, sizeof last, "%.*s", SLICE_ARG(batch.entries[batch.count - 1].entry_id));
        batch_release(&batch);
    }
    return st;
}

static void look_in_stream(struct find *f)
{
    bool all = false;
    f->count = 0;
    buf_append(f->out, SLICE(",\"waiting\":["));
    enum status st = scan(f, &all);
    buf_printf(f->out, "],\"stream_looked_through\":%s", st == STATUS_OK && all ? "true" : "false");
    if (st == STATUS_OK)
        return;
    buf_append(f->out, SLICE(",\"redis_why\":"));
    buf_append_json(f->out, slice_of(redis_link_why(status_source_link(f->page->source))));
}

/* --- what the database knows --- */

static void append_text(struct buf *out, const char *key, struct slice text)
{
    buf_printf(out, "\"%s\":", key);
    buf_append_json(out, text);
    buf_append_char(out, ',');
}

static void add_event(void *arg, const struct store_found_event *event)
{
    struct find *f = arg;
    begin_item(f);
    buf_append_char(f->out, '{');
    append_text(f->out, "svix_id", event->svix_id);
    append_text(f->out, "type", event->type);
    append_text(f->out, "object_id", event->clerk_id);
    append_text(f->out, "outcome", event->outcome);
    buf_printf(f->out,
               "\"event_at\":%" PRId64 ",\"received_at\":%" PRId64 ",\"processed_at\":%" PRId64 "}",
               event->event_at, event->received_at, event->processed_at);
}

static bool add_letter(void *arg, const struct store_dead_letter *letter)
{
    struct find *f = arg;
    begin_item(f);
    dead_json_append(f->out, letter, NULL);
    return false;
}

static void add_column(void *arg, const char *table, const char *column, const struct value *value)
{
    struct find *f = arg;
    if (f->count++ == 0) {
        buf_append(f->out, SLICE("{\"table\":"));
        buf_append_json(f->out, slice_of(table));
        buf_append(f->out, SLICE(",\"columns\":{"));
    } else {
        buf_append_char(f->out, ',');
    }
    buf_append_json(f->out, slice_of(column));
    buf_append_char(f->out, ':');
    if (value->kind == VALUE_NULL)
        buf_append(f->out, SLICE("null"));
    else if (value->kind == VALUE_INT)
        buf_printf(f->out, "%" PRId64, value->number);
    else
        buf_append_json(f->out, value->text);
}

static enum status show_object(struct find *f, struct store *store)
{
    int64_t deleted_at = 0;
    f->count = 0;
    buf_append(f->out, SLICE(",\"object\":"));
    enum status st = store_find_object(store, f->id, add_column, f);
    buf_append(f->out, f->count > 0 ? SLICE("}}") : SLICE("null"));
    if (st == STATUS_OK || st == STATUS_NOT_FOUND)
        st = store_find_tombstone(store, f->id, &deleted_at);
    if (st == STATUS_OK)
        buf_printf(f->out, ",\"deleted_at\":%" PRId64, deleted_at);
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status look_in_store(struct find *f, struct store *store)
{
    f->count = 0;
    buf_append(f->out, SLICE(",\"events\":["));
    enum status st = store_find_event(store, f->id, add_event, f);
    if (st == STATUS_NOT_FOUND)
        st = store_each_event_of(store, f->id, add_event, f);
    f->count = 0;
    buf_append(f->out, SLICE("],\"dead\":["));
    if (st == STATUS_OK)
        st = store_one_dead_letter(store, f->id, add_letter, f);
    buf_append_char(f->out, ']');
    return st == STATUS_OK || st == STATUS_NOT_FOUND ? show_object(f, store) : st;
}

void page_find(struct page *page, const struct admin_request *request, struct admin_reply *reply)
{
    char id[FORM_TEXT_MAX + 1];
    if (form_text(request->query, "id", id) != STATUS_OK || !id[0]) {
        page_fail(reply, BAD_REQUEST, "id: a svix-id or the id of an object");
        return;
    }
    struct find f = { .page = page, .id = slice_of(id), .out = &reply->text };
    buf_append(f.out, SLICE("{\"id\":"));
    buf_append_json(f.out, f.id);
    look_in_stream(&f);
    struct store *store = NULL;
    char why[STORE_ERROR_MAX] = "";
    if (status_source_store(page->source, &store, why) != STATUS_OK) {
        buf_append(f.out, SLICE(",\"events\":[],\"dead\":[],\"object\":null,\"database_why\":"));
        buf_append_json(f.out, slice_of(why));
    } else if (look_in_store(&f, store) != STATUS_OK) {
        page_fail(reply, UNAVAILABLE, store_why(store));
        return;
    }
    buf_append_char(f.out, '}');
}
