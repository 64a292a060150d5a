#include "ingest/send_report.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/envelope.h"
#include "ingest/send_chain.h"

enum { NAME_SHOWN_MAX = 128, BAR_CELLS = 24 };

static const char bar_full[] = "########################"; /* BAR_CELLS of them */
static const char erase_line[] = "\r\033[K";

enum status send_report_begin(struct send_report *report, bool is_load, int64_t wanted,
                              const char *ids_path)
{
    *report = (struct send_report){ .is_load = is_load, .wanted = wanted };
    report->has_bar = is_load && isatty(STDERR_FILENO);
    report->start_us = clock_mono_us();
    if (!ids_path)
        return STATUS_OK;
    report->ids = fopen(ids_path, "w");
    return report->ids ? STATUS_OK : STATUS_UNAVAILABLE;
}

void send_report_post(struct send_report *report, const struct send_answer *answer)
{
    bool is_known = answer->code > 0 && answer->code < SEND_REPORT_CODES;
    report->codes[is_known ? answer->code : 0]++;
    if (answer->code != 0)
        latency_add(&report->latency, answer->elapsed_us);
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f)
            return false;
    return text.len > 0 && text.len <= NAME_SHOWN_MAX;
}

static struct slice or_dash(struct slice text)
{
    return is_printable(text) ? text : SLICE("-");
}

static struct slice type_of(struct slice body)
{
    struct envelope envelope;
    if (envelope_read(body, &envelope) != STATUS_OK)
        return SLICE("-"); /* a file may hold anything */
    return or_dash(envelope.type);
}

static void print_line(const char *svix_id, struct slice body, const struct send_answer *answer,
                       bool accepted)
{
    FILE *out = accepted ? stdout : stderr;
    fprintf(out, "%03d %.*s %s %.*s  %.1f ms", answer->code, SLICE_ARG(type_of(body)), svix_id,
            SLICE_ARG(or_dash(send_object_id(body))), (double)answer->elapsed_us / 1000.0);
    if (!accepted)
        fprintf(out, "  %s", answer->text);
    fputc('\n', out);
    fflush(out);
}

void send_report_delivery(struct send_report *report, const char *svix_id, struct slice body,
                          const struct send_answer *answer)
{
    bool accepted = answer->code >= 200 && answer->code < 300;
    report->sent++;
    report->accepted += accepted;
    if (report->ids)
        fprintf(report->ids, "%s %03d %.*s\n", svix_id, answer->code, SLICE_ARG(type_of(body)));
    int64_t refused = report->sent - report->accepted;
    if (report->is_load && (accepted || refused > SEND_REPORT_REFUSALS_SHOWN))
        return;
    if (report->has_bar)
        fputs(erase_line, stderr);
    print_line(svix_id, body, answer, accepted);
    if (report->is_load && refused == SEND_REPORT_REFUSALS_SHOWN)
        fputs("further refusals are counted and not shown\n", stderr);
}

static double seconds_since(int64_t start_us)
{
    int64_t us = clock_mono_us() - start_us;
    return (double)(us > 0 ? us : 1) / 1e6;
}

void send_report_draw(const struct send_report *report)
{
    if (!report->has_bar || report->wanted <= 0)
        return;
    double part = (double)report->sent / (double)report->wanted;
    int cells = part < 1 ? (int)(part * (double)BAR_CELLS) : BAR_CELLS;
    fprintf(
        stderr,
        "%s[%.*s%*s] %3.0f%%  %" PRId64 " of %" PRId64 "  %.0f/s  refused %" PRId64 "  p99 %.1f ms",
        erase_line, cells, bar_full, BAR_CELLS - cells, "", part * 100, report->sent,
        report->wanted, (double)report->sent / seconds_since(report->start_us),
        report->sent - report->accepted, (double)latency_percentile(&report->latency, 99) / 1000);
    fflush(stderr);
}

static void print_codes(const struct send_report *report)
{
    printf("answers:");
    for (int code = 1; code < SEND_REPORT_CODES; code++)
        if (report->codes[code] > 0)
            printf(" %d: %" PRId64, code, report->codes[code]);
    if (report->codes[0] > 0)
        printf(" none: %" PRId64, report->codes[0]);
    printf(", repeated %" PRId64 "\n", report->repeated);
}

static void print_load(const struct send_report *report)
{
    static const double percents[] = { 50, 90, 99 };
    double seconds = seconds_since(report->start_us);
    print_codes(report);
    printf("took %.2f s, %.1f per second\nlatency:", seconds, (double)report->sent / seconds);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        printf(" p%.0f %.2f ms,", percents[i],
               (double)latency_percentile(&report->latency, percents[i]) / 1000);
    printf(" max %.2f ms\n", (double)report->latency.max_us / 1000);
}

static enum status close_ids(struct send_report *report)
{
    FILE *ids = report->ids;
    report->ids = NULL;
    if (!ids)
        return STATUS_OK;
    bool failed = ferror(ids) != 0;
    return fclose(ids) == 0 && !failed ? STATUS_OK : STATUS_UNAVAILABLE;
}

enum status send_report_end(struct send_report *report)
{
    if (report->has_bar)
        fputs(erase_line, stderr);
    printf("sent %" PRId64 ", accepted %" PRId64 ", refused %" PRId64 "\n", report->sent,
           report->accepted, report->sent - report->accepted);
    if (report->is_load)
        print_load(report);
    fflush(stdout);
    return close_ids(report);
}
