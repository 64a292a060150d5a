#include <inttypes.h>

#include "common/buf.h"
#include "worker/status_advice.h"
#include "worker/status_print.h"
#include "worker/status_report.h"

enum { TEXT_MAX_BYTES = 1 << 20 };

/* A text that is not known is null. */
static void append_text(struct buf *out, const char *key, const char *text)
{
    buf_printf(out, "\"%s\":", key);
    if (text[0])
        buf_append_json(out, slice_of(text));
    else
        buf_append(out, SLICE("null"));
}

static const char *word(bool yes)
{
    return yes ? "true" : "false";
}

static void append_consumers(struct buf *out, const struct queue_state *queue)
{
    buf_append(out, SLICE("\"consumers\":["));
    for (size_t i = 0; i < queue->consumers_kept; i++) {
        const struct queue_consumer *c = &queue->consumers[i];
        buf_append(out, i ? SLICE(",{") : SLICE("{"));
        append_text(out, "name", c->name);
        buf_printf(out, ",\"idle_ms\":%" PRId64 ",\"pending\":%" PRId64 "}", c->idle_ms,
                   c->pending);
    }
    buf_append_char(out, ']');
}

static void append_queue(struct buf *out, const struct status_report *report)
{
    const struct queue_state *queue = &report->queue;
    const struct queue_server *server = &queue->server;
    buf_printf(out,
               "\"queue\":{\"length\":%" PRId64 ",\"lag\":%" PRId64 ",\"pending\":%" PRId64
               ",\"oldest_age_ms\":%" PRId64 ",\"added_total\":%" PRId64 ",",
               queue->length, queue->lag, queue->pending, queue->oldest_age_ms, queue->added);
    append_text(out, "oldest_id", queue->oldest_id);
    if (report->has_rate)
        buf_printf(out, ",\"added_per_second\":%" PRId64 ".%" PRId64, report->added_per_10_s / 10,
                   report->added_per_10_s % 10);
    buf_printf(out, ",\"has_group\":%s,\"consumer_count\":%zu,", word(queue->has_group),
               queue->consumer_count);
    append_consumers(out, queue);
    buf_append(out, SLICE("},\"redis\":{\"up\":true,"));
    append_text(out, "version", server->version);
    buf_printf(out, ",\"used_bytes\":%" PRId64 ",\"max_bytes\":%" PRId64 ",", server->used_bytes,
               server->max_bytes);
    append_text(out, "maxmemory_policy", server->policy);
    buf_printf(out, ",\"aof\":%s,\"aof_ok\":%s,", word(server->has_aof), word(server->aof_ok));
    append_text(out, "appendfsync", server->fsync);
    buf_append_char(out, '}');
}

static void append_store(struct buf *out, const struct status_report *report)
{
    const struct store_counts *c = &report->counts;
    buf_printf(out,
               ",\"database\":{\"up\":true,\"file_bytes\":%" PRId64 ",\"log_bytes\":%" PRId64
               ",\"schema_version\":%" PRId64 ",\"ledger_rows\":%" PRId64
               ",\"processed_last_minute\":%" PRId64 ",\"last_processed_ms\":%" PRId64
               ",\"dead_letters\":%" PRId64 ",\"last_dead_ms\":%" PRId64 "},\"types\":[",
               c->file_bytes, c->log_bytes, c->schema_version, c->ledger_rows, c->ledger_recent,
               c->last_processed_ms, c->dead_letters, c->last_dead_ms);
    for (size_t i = 0; i < report->type_count; i++) {
        const struct status_type *t = &report->types[i];
        buf_append(out, i ? SLICE(",{\"type\":") : SLICE("{\"type\":"));
        buf_append_json(out, slice_of(t->type));
        buf_printf(out, ",\"last_ms\":%" PRId64 ",\"recent_count\":%" PRId64 "}", t->last_ms,
                   t->count);
    }
    buf_append_char(out, ']');
}

struct advice_list {
    struct buf *out;
    size_t count;
};

static void append_advice(void *arg, bool is_trouble, const char *text)
{
    struct advice_list *list = arg;
    buf_printf(list->out, "%s{\"trouble\":%s,\"text\":", list->count++ ? "," : "",
               word(is_trouble));
    buf_append_json(list->out, slice_of(text));
    buf_append_char(list->out, '}');
}

void status_json_append(const struct status_report *report, struct buf *out)
{
    struct advice_list advice = { out, 0 };
    buf_printf(out, "{\"now_ms\":%" PRId64 ",", report->now_ms);
    if (report->has_queue) {
        append_queue(out, report);
    } else {
        buf_append(out, SLICE("\"queue\":null,\"redis\":{\"up\":false,"));
        append_text(out, "why", report->queue_why);
        buf_append_char(out, '}');
    }
    if (report->has_store) {
        append_store(out, report);
    } else {
        buf_append(out, SLICE(",\"database\":{\"up\":false,"));
        append_text(out, "why", report->store_why);
        buf_append(out, SLICE("},\"types\":[]"));
    }
    buf_append(out, SLICE(",\"advice\":["));
    status_advise(report, append_advice, &advice);
    buf_append(out, SLICE("]}"));
}

void status_print_json(const struct status_report *report, FILE *out)
{
    struct buf text = buf_make(TEXT_MAX_BYTES);
    status_json_append(report, &text);
    fprintf(out, "%s\n", buf_text(&text));
    buf_release(&text);
}
