#ifndef CLERK_MOVE_REPORT_H
#define CLERK_MOVE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How far a long piece of work over many tables has come: a bar on a terminal; in a pipe a line
 * when a table is done, and every MOVE_REPORT_LINE_MS in between. Times are of a clock that never
 * goes back, in ms. A write that fails shows in ferror(). */

enum { MOVE_REPORT_BAR_MS = 200, MOVE_REPORT_LINE_MS = 10000 };

struct move_report {
    FILE *out;
    bool is_terminal;
    /* rows: to be gone through, gone through by now, and of these not by this run */
    int64_t wanted, done, before;
    int64_t start_ms;
    /* when the next bar or line is due */
    int64_t next_ms;
};

/* wanted: how many steps of one row there will be; before: of these, made by an earlier run. */
struct move_report move_report_begin(FILE *out, bool is_terminal, int64_t wanted, int64_t before,
                                     int64_t now_ms);

/* count more rows of table are done: at of its rows by now. verb: "copied". */
void move_report_step(struct move_report *report, const char *verb, const char *table,
                      int64_t count, int64_t at, int64_t of, int64_t now_ms);

/* Takes the bar away, before something else is printed. */
void move_report_clear(const struct move_report *report);

#endif
