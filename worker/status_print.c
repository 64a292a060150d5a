#include "worker/status_print.h"

#include <inttypes.h>
#include <stdarg.h>

#include "worker/listing.h"
#include "worker/status_advice.h"
#include "worker/status_report.h"

enum { LABEL_WIDTH = 12, CONSUMERS_SHOWN = 10, TYPES_SHOWN = 8, VALUE_MAX = 400 };

struct page {
    FILE *out;
    bool is_terminal;
};

static void line(const struct page *p, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void line(const struct page *p, const char *label, const char *format, ...)
{
    char value[VALUE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    if (p->is_terminal)
        fprintf(p->out, "%-*s ", LABEL_WIDTH, label);
    else
        fprintf(p->out, "%s\t", label);
    listing_print_safely(p->out, slice_of(value)); /* names of consumers are anybody's */
    fputc('\n', p->out);
}

static void print_queue(const struct page *p, const struct status_report *report)
{
    const struct queue_state *queue = &report->queue;
    char age[LISTING_CELL_MAX];
    listing_age(queue->oldest_age_ms, age);
    line(p, "backlog", "%" PRId64 " events: %" PRId64 " not yet read, %" PRId64 " being applied",
         queue->length, queue->lag, queue->pending);
    if (queue->length > 0)
        line(p, "oldest", "%s (%s)", age, queue->oldest_id);
    if (report->has_rate)
        line(p, "arriving", "%" PRId64 ".%" PRId64 " per second", report->added_per_10_s / 10,
             report->added_per_10_s % 10);
    for (size_t i = 0; i < queue->consumers_kept && i < CONSUMERS_SHOWN; i++) {
        listing_age(queue->consumers[i].idle_ms, age);
        line(p, i ? "" : "workers", "%s: holds %" PRId64 ", asked %s ago", queue->consumers[i].name,
             queue->consumers[i].pending, age);
    }
    if (queue->consumer_count > CONSUMERS_SHOWN)
        line(p, "", "and %zu more", queue->consumer_count - CONSUMERS_SHOWN);
    if (queue->consumer_count == 0)
        line(p, "workers", "none");
}

static void print_server(const struct page *p, const struct queue_server *server)
{
    char used[LISTING_CELL_MAX], max[LISTING_CELL_MAX] = "no limit";
    const char *aof = !server->has_aof ? "off" : server->aof_ok ? "ok" : "failing";
    listing_size(server->used_bytes, used);
    if (server->max_bytes > 0)
        listing_size(server->max_bytes, max);
    line(p, "redis", "%s, memory %s of %s, %s, append-only file %s%s%s", server->version, used, max,
         server->policy, aof, server->has_aof && server->fsync[0] ? ", fsync " : "",
         server->has_aof ? server->fsync : "");
}

static void print_store(const struct page *p, const struct status_report *report)
{
    const struct store_counts *counts = &report->counts;
    char size[LISTING_CELL_MAX], log[LISTING_CELL_MAX], age[LISTING_CELL_MAX] = "never";
    listing_size(counts->file_bytes, size);
    listing_size(counts->log_bytes, log);
    line(p, "applied", "%" PRId64 " in the last minute", counts->ledger_recent);
    line(p, "database", "%s and a log of %s, schema %" PRId64 ", ledger %" PRId64 " rows", size,
         log, counts->schema_version, counts->ledger_rows);
    line(p, "dead letters", "%" PRId64, counts->dead_letters);
    for (size_t i = 0; i < report->type_count && i < TYPES_SHOWN; i++) {
        const struct status_type *t = &report->types[i];
        listing_age(report->now_ms - t->last_ms, age);
        line(p, i ? "" : "last events", "%s: %s ago, %" PRId64 " of late",
             t->type[0] ? t->type : "(no type)", age, t->count);
    }
    if (report->type_count > TYPES_SHOWN)
        line(p, "", "and %zu more types (--json has them all)", report->type_count - TYPES_SHOWN);
    if (report->type_count == 0)
        line(p, "last events", "none yet");
}

static void print_advice(void *arg, bool is_trouble, const char *text)
{
    const struct page *p = arg;
    line(p, is_trouble ? "! trouble" : "  note", "%s", text);
}

void status_print(const struct status_report *report, bool is_terminal, FILE *out)
{
    struct page p = { out, is_terminal };
    if (report->has_queue) {
        print_queue(&p, report);
        print_server(&p, &report->queue.server);
    } else {
        line(&p, "redis", "away: %s", report->queue_why);
    }
    if (report->has_store)
        print_store(&p, report);
    else
        line(&p, "database", "%s: %s", report->store_late ? "not there" : "away",
             report->store_why);
    status_advise(report, print_advice, &p);
}
