#ifndef CLERK_SEND_REPORT_H
#define CLERK_SEND_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/slice.h"
#include "common/status.h"
#include "ingest/latency.h"
#include "ingest/send_client.h"

/* What a run says. Short runs print a line for each event; load runs draw a progress bar on a
 * terminal, print the first refusals, and sum up. */

enum { SEND_REPORT_REFUSALS_SHOWN = 20, SEND_REPORT_CODES = 600, SEND_REPORT_DRAW_MS = 200 };

struct send_report {
    /* totals and latencies instead of a line for each event */
    bool is_load;
    /* a load run, and standard error is a terminal */
    bool has_bar;
    /* NULL: none wanted; closed by send_report_end() */
    FILE *ids;
    /* deliveries to come, for the bar */
    int64_t wanted;
    /* monotonic */
    int64_t start_us;
    /* deliveries that are over, and those of them whose last answer was 2xx */
    int64_t sent, accepted;
    /* posts beyond the first one of a delivery; the caller counts them */
    int64_t repeated;
    /* posts by the code of their answer; 0: none came */
    int64_t codes[SEND_REPORT_CODES];
    /* of all posts that were answered */
    struct latency latency;
};

/* Begins. ids_path: where to write the ids, or NULL. STATUS_UNAVAILABLE: that file cannot be
 * written (errno says why). */
enum status send_report_begin(struct send_report *report, bool is_load, int64_t wanted,
                              const char *ids_path) MUST_CHECK;

/* Counts a post, the last one of its delivery or not, under its code and in the latencies. Prints
 * nothing. */
void send_report_post(struct send_report *report, const struct send_answer *answer);

/* Counts and tells the end of a delivery: its svix-id, its body and its last answer. 2xx goes to
 * standard output, everything else to standard error. A load run prints the first
 * SEND_REPORT_REFUSALS_SHOWN refusals only. What strangers sent is shown as printable ASCII. */
void send_report_delivery(struct send_report *report, const char *svix_id, struct slice body,
                          const struct send_answer *answer);

/* Draws the bar, where there is one, over the line it stands on. */
void send_report_draw(const struct send_report *report);

/* Prints the totals and closes the file of ids. STATUS_UNAVAILABLE: that file is not whole. */
enum status send_report_end(struct send_report *report) MUST_CHECK;

#endif
