#include <inttypes.h>
#include <stdio.h>

#include "common/envelope.h"
#include "common/log.h"
#include "worker/arena.h"
#include "worker/catalog.h"
#include "worker/dead_json.h"
#include "worker/dead_order.h"
#include "worker/page_form.h"
#include "worker/page_parts.h"
#include "worker/redact.h"
#include "worker/store_read.h"

enum {
    BAD_REQUEST = 400,
    NOT_FOUND = 404,
    UNAVAILABLE = 503,
    LIST_COUNT = 100,
    LIST_MAX = 1000,
    CHANGE_MS = 3000, /* then the browser is told how far it came, and asks again */
    PATH_MAX_BYTES = 80,
    ARENA_FIRST_BYTES = 4096,
};

/* Filters as `clerk-worker dead` has them; ages in seconds. */
struct dead_query {
    struct dead_filter filter;
    char type[FORM_TEXT_MAX + 1];
    char reason[FORM_TEXT_MAX + 1];
    char svix_id[FORM_TEXT_MAX + 1];
    int64_t older_s;
    int64_t newer_s;
    int64_t count;
    int64_t all;
};

static bool read_query(struct slice form, struct dead_query *q)
{
    const int64_t most_s = INT64_MAX / 1000;
    *q = (struct dead_query){ .count = LIST_COUNT };
    bool is_good = form_text(form, "type", q->type) == STATUS_OK &&
                   form_text(form, "reason", q->reason) == STATUS_OK &&
                   form_text(form, "id", q->svix_id) == STATUS_OK &&
                   form_number(form, "older_s", 0, most_s, &q->older_s) == STATUS_OK &&
                   form_number(form, "newer_s", 0, most_s, &q->newer_s) == STATUS_OK &&
                   form_number(form, "count", 1, LIST_MAX, &q->count) == STATUS_OK &&
                   form_number(form, "all", 0, 1, &q->all) == STATUS_OK;
    q->filter = (struct dead_filter){ .type = q->type[0] ? q->type : NULL,
                                      .reason = q->reason[0] ? q->reason : NULL,
                                      .older_ms = q->older_s * 1000,
                                      .newer_ms = q->newer_s * 1000 };
    return is_good;
}

/* --- looking --- */

struct list {
    const struct dead_query *query;
    struct buf *out;
    int64_t now_ms;
    int64_t total;
};

static bool add_to_list(void *arg, const struct store_dead_letter *letter)
{
    struct list *list = arg;
    if (!dead_filter_matches(&list->query->filter, letter, list->now_ms))
        return true;
    if (list->total++ >= list->query->count)
        return true;
    if (list->total > 1)
        buf_append_char(list->out, ',');
    dead_json_append(list->out, letter, NULL);
    return true;
}

void page_dead_list(struct page *page, const struct admin_request *request,
                    struct admin_reply *reply)
{
    const struct store_dead_place start = { 0 };
    struct dead_query query;
    if (!read_query(request->query, &query)) {
        page_fail(reply, BAD_REQUEST, "type, reason, older_s, newer_s, count (1 to 1000)");
        return;
    }
    struct store *store = page_store(page, reply);
    if (!store)
        return;
    struct list list = { &query, &reply->text, page->clock->wall_ms(), 0 };
    buf_append(&reply->text, SLICE("{\"letters\":["));
    if (store_each_dead_letter(store, &start, INT64_MAX, add_to_list, &list) != STATUS_OK)
        page_fail(reply, UNAVAILABLE, store_why(store));
    else
        buf_printf(&reply->text, "],\"total\":%" PRId64 "}", list.total);
}

/* Takes members of data out of a body. */
static bool take_out(const char *const *secrets, struct arena *arena, struct slice *body)
{
    char texts[REDACT_PATHS_MAX][PATH_MAX_BYTES];
    const char *paths[REDACT_PATHS_MAX + 1] = { NULL };
    for (size_t i = 0; i < REDACT_PATHS_MAX && secrets[i]; i++) {
        snprintf(texts[i], sizeof texts[i], "data.%s", secrets[i]);
        paths[i] = texts[i];
    }
    return redact(*body, paths, arena, body) == STATUS_OK;
}

/* The body without what the catalog calls secret, for its type and for types that are not known: a
 * letter is here because it is not as it should be. False: it cannot be told where that would be.
 */
static bool mask(const struct store_dead_letter *letter, struct arena *arena,
                 struct slice *ret_body)
{
    struct envelope envelope;
    struct slice body = slice_trim(letter->body);
    if (!arena || envelope_read(body, &envelope) != STATUS_OK)
        return false;
    struct slice type = catalog_canonical_type(envelope.type);
    if (!take_out(catalog_find(type)->secrets, arena, &body) ||
        !take_out(catalog_find(SLICE(""))->secrets, arena, &body))
        return false;
    *ret_body = body;
    return true;
}

struct show {
    struct buf *out;
    bool is_whole;
};

static bool show_letter(void *arg, const struct store_dead_letter *letter)
{
    const struct show *show = arg;
    struct arena *arena = arena_new(ARENA_FIRST_BYTES);
    struct slice body = letter->body;
    const char *state = "whole";
    if (!show->is_whole) {
        bool is_masked = mask(letter, arena, &body);
        state = is_masked ? "masked" : "withheld";
        body = is_masked ? body : SLICE("");
    }
    buf_printf(show->out, "{\"body_state\":\"%s\",\"letter\":", state);
    dead_json_append(show->out, letter, &body);
    buf_append_char(show->out, '}');
    arena_free(arena);
    return false;
}

void page_dead_letter(struct page *page, const struct admin_request *request,
                      struct admin_reply *reply)
{
    char svix_id[FORM_TEXT_MAX + 1];
    int64_t whole = 0;
    if (form_text(request->query, "id", svix_id) != STATUS_OK || !svix_id[0] ||
        form_number(request->query, "whole", 0, 1, &whole) != STATUS_OK) {
        page_fail(reply, BAD_REQUEST, "id: a svix-id; whole: 0 or 1");
        return;
    }
    struct store *store = page_store(page, reply);
    if (!store)
        return;
    struct show show = { &reply->text, whole == 1 };
    enum status st = store_one_dead_letter(store, slice_of(svix_id), show_letter, &show);
    if (st == STATUS_NOT_FOUND)
        page_fail(reply, NOT_FOUND, "there is no dead letter of this svix-id");
    else if (st != STATUS_OK)
        page_fail(reply, UNAVAILABLE, store_why(store));
    else if (show.is_whole)
        log_info("event=page_dead_shown svix_id=%s action=body_shown_whole", svix_id);
}

/* --- changing --- */

static void change(struct page *page, const struct admin_request *request,
                   struct admin_reply *reply, enum dead_verb verb)
{
    const char *word = verb == DEAD_RETRY ? "put_back" : "dropped";
    struct dead_query query;
    struct dead_result result;
    bool is_good = read_query(request->body, &query);
    bool is_filtered = query.all == 1 || dead_filter_is_set(&query.filter);
    if (!is_good || (query.svix_id[0] != '\0') == is_filtered) {
        page_fail(reply, BAD_REQUEST, "either id, or all=1, or a filter");
        return;
    }
    const struct dead_order order = {
        .verb = verb,
        .filter = &query.filter,
        .svix_id = slice_of(query.svix_id),
        .until_ms = page->clock->mono_ms() + CHANGE_MS,
        .beside_worker = true,
    };
    enum status st = dead_order_do(page->conf, page->clock, &order, &result);
    page->status_until_ms = 0;
    if (st != STATUS_OK) {
        log_warn("event=page_dead_change svix_id=%s why=%s count=%" PRId64 " action=%s_in_part",
                 query.svix_id, result.why, result.count, word);
        page_fail(reply, UNAVAILABLE, result.why);
        return;
    }
    log_info("event=page_dead_change svix_id=%s type=%s reason=%s count=%" PRId64 " action=%s",
             query.svix_id, query.type, query.reason, result.count, word);
    buf_printf(&reply->text, "{\"count\":%" PRId64 ",\"more\":%s}", result.count,
               result.has_more ? "true" : "false");
}

void page_dead_retry(struct page *page, const struct admin_request *request,
                     struct admin_reply *reply)
{
    change(page, request, reply, DEAD_RETRY);
}

void page_dead_drop(struct page *page, const struct admin_request *request,
                    struct admin_reply *reply)
{
    change(page, request, reply, DEAD_DROP);
}
