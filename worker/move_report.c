#include "worker/move_report.h"

#include <inttypes.h>

#include "worker/listing.h"

enum { BAR_CELLS = 24 };

static const char bar_full[] = "########################"; /* BAR_CELLS of them */
static const char erase_line[] = "\r\033[K";

struct move_report move_report_begin(FILE *out, bool is_terminal, int64_t wanted, int64_t before,
                                     int64_t now_ms)
{
    return (struct move_report){ .out = out,
                                 .is_terminal = is_terminal,
                                 .wanted = wanted,
                                 .done = before,
                                 .before = before,
                                 .start_ms = now_ms,
                                 .next_ms = now_ms + (is_terminal ? 0 : MOVE_REPORT_LINE_MS) };
}

/* As fast as this run has been so far. */
static int64_t ms_left(const struct move_report *report, int64_t now_ms)
{
    int64_t done = report->done - report->before;
    double ms = (double)(now_ms - report->start_ms);
    if (done <= 0)
        return 0;
    return (int64_t)(ms / (double)done * (double)(report->wanted - report->done));
}

static void draw(const struct move_report *report, const char *verb, const char *table, int64_t at,
                 int64_t of, int64_t now_ms)
{
    char left[LISTING_CELL_MAX];
    double part = report->wanted > 0 ? (double)report->done / (double)report->wanted : 1;
    int cells = part < 1 ? (int)(part * (double)BAR_CELLS) : BAR_CELLS;
    listing_age(ms_left(report, now_ms), left);
    fprintf(report->out, "%s[%.*s%*s] %3.0f%%  %s left  %s %s: %" PRId64 " of %" PRId64 " rows",
            erase_line, cells, bar_full, BAR_CELLS - cells, "", part < 1 ? part * 100 : 100, left,
            verb, table, at, of);
}

void move_report_step(struct move_report *report, const char *verb, const char *table,
                      int64_t count, int64_t at, int64_t of, int64_t now_ms)
{
    bool is_table_done = at >= of && !report->is_terminal;
    report->done += count;
    if (now_ms < report->next_ms && !is_table_done)
        return;
    report->next_ms = now_ms + (report->is_terminal ? MOVE_REPORT_BAR_MS : MOVE_REPORT_LINE_MS);
    if (report->is_terminal)
        draw(report, verb, table, at, of, now_ms);
    else
        fprintf(report->out, "%s %s: %" PRId64 " of %" PRId64 " rows\n", verb, table, at, of);
    fflush(report->out);
}

void move_report_clear(const struct move_report *report)
{
    if (report->is_terminal)
        fputs(erase_line, report->out);
    fflush(report->out);
}
