#include "worker/dead_show.h"

#include <inttypes.h>
#include <time.h>

#include "common/buf.h"
#include "worker/dead_json.h"
#include "worker/event_id.h"
#include "worker/json_node.h"
#include "worker/listing.h"
#include "worker/store_read.h"

enum { JSON_MAX_BYTES = 64 << 20, TIME_MAX = 32 };

/* One walk over the letters. */
struct walk {
    const struct dead_view *view;
    struct listing list;
    int64_t total;
    int64_t left_out;
};

static void print_json(const struct dead_view *view, const struct store_dead_letter *letter,
                       bool with_body)
{
    struct buf line = buf_make(JSON_MAX_BYTES);
    dead_json_append(&line, letter, with_body ? &letter->body : NULL);
    fprintf(view->out, "%s\n", buf_text(&line));
    buf_release(&line);
}

static void print_row(struct walk *walk, const struct store_dead_letter *letter)
{
    char age[LISTING_CELL_MAX];
    int64_t age_ms = walk->view->now_ms - letter->failed_at;
    listing_cell(&walk->list, letter->svix_id);
    listing_cell(&walk->list, letter->type);
    listing_age(age_ms, age);
    if (walk->view->is_terminal)
        listing_cell(&walk->list, slice_of(age));
    else
        listing_number(&walk->list, age_ms);
    listing_number(&walk->list, letter->attempts);
    listing_cell(&walk->list, letter->reason);
}

static bool on_list(void *arg, const struct store_dead_letter *letter)
{
    struct walk *walk = arg;
    const struct dead_view *view = walk->view;
    if (!dead_filter_matches(view->filter, letter, view->now_ms))
        return true;
    walk->total++;
    if (view->count > 0 && walk->total > view->count)
        return true;
    if (view->json)
        print_json(view, letter, false);
    else
        print_row(walk, letter);
    return true;
}

enum status dead_show_list(const struct dead_view *view, int64_t *ret_total)
{
    static const struct listing_column columns[] = {
        { "SVIX-ID", 31 }, { "TYPE", 30 }, { "AGE", 7 }, { "TRIES", 5 }, { "REASON", 0 },
    };
    const struct store_dead_place start = { 0 };
    struct walk walk = {
        .view = view,
        .list = listing_begin(view->out, view->is_terminal && !view->json, columns,
                              sizeof(columns) / sizeof(*columns)),
    };
    enum status st = store_each_dead_letter(view->store, &start, INT64_MAX, on_list, &walk);
    if (st == STATUS_OK)
        *ret_total = walk.total;
    return st;
}

static void print_time(FILE *out, const char *label, int64_t ms)
{
    char text[TIME_MAX] = "unknown";
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;
    if (ms > 0 && gmtime_r(&seconds, &parts))
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    fprintf(out, "%-9s %s\n", label, text);
}

static void print_text(FILE *out, const char *label, struct slice text)
{
    fprintf(out, "%-9s ", label);
    listing_print_safely(out, text.len > 0 ? text : SLICE("-"));
    fputc('\n', out);
}

static bool on_one(void *arg, const struct store_dead_letter *letter)
{
    const struct dead_view *view = ((struct walk *)arg)->view;
    if (view->json) {
        print_json(view, letter, true);
        return false;
    }
    print_text(view->out, "svix-id", letter->svix_id);
    print_text(view->out, "type", letter->type);
    print_text(view->out, "object", event_id_peek(letter->body));
    print_text(view->out, "reason", letter->reason);
    fprintf(view->out, "%-9s %" PRId64 "\n", "attempts", letter->attempts);
    print_time(view->out, "received", letter->received_at);
    print_time(view->out, "failed", letter->failed_at);
    fputc('\n', view->out);
    if (view->is_terminal)
        listing_print_safely(view->out, letter->body);
    else
        fwrite(letter->body.ptr, letter->body.len > 0, letter->body.len, view->out);
    fputc('\n', view->out);
    return false;
}

enum status dead_show_one(const struct dead_view *view, struct slice svix_id)
{
    struct walk walk = { .view = view };
    return store_one_dead_letter(view->store, svix_id, on_one, &walk);
}

/* In good JSON line ends stand between tokens only. */
static void print_line(FILE *out, struct slice json)
{
    for (size_t i = 0; i < json.len; i++)
        fputc(json.ptr[i] == '\n' || json.ptr[i] == '\r' ? ' ' : json.ptr[i], out);
    fputc('\n', out);
}

static bool on_export(void *arg, const struct store_dead_letter *letter)
{
    struct walk *walk = arg;
    const struct dead_view *view = walk->view;
    struct json_tape tape = { 0 };
    if (!dead_filter_matches(view->filter, letter, view->now_ms))
        return true;
    if (json_tape_read(letter->body, &tape) == STATUS_OK) {
        print_line(view->out, json_node_raw(json_node_root(&tape)));
        walk->total++;
    } else {
        walk->left_out++;
    }
    json_tape_release(&tape);
    return true;
}

enum status dead_show_export(const struct dead_view *view, int64_t *ret_total,
                             int64_t *ret_left_out)
{
    const struct store_dead_place start = { 0 };
    struct walk walk = { .view = view };
    enum status st = store_each_dead_letter(view->store, &start, INT64_MAX, on_export, &walk);
    if (st != STATUS_OK)
        return st;
    *ret_total = walk.total;
    *ret_left_out = walk.left_out;
    return STATUS_OK;
}
