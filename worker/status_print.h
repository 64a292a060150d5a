#ifndef CLERK_STATUS_PRINT_H
#define CLERK_STATUS_PRINT_H

#include <stdbool.h>
#include <stdio.h>

struct buf;
struct status_report;

/* Ways of showing a report. Both write to out and nothing else; a write that fails shows in
 * ferror(out). Texts that come from outside cannot steer a terminal. */

/* One screen for a person; the same lines, "name<TAB>value", where is_terminal is false. */
void status_print(const struct status_report *report, bool is_terminal, FILE *out);

/* Appends one JSON object; the same on a line of its own. */
void status_json_append(const struct status_report *report, struct buf *out);
void status_print_json(const struct status_report *report, FILE *out);

#endif
