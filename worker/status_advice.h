#ifndef CLERK_STATUS_ADVICE_H
#define CLERK_STATUS_ADVICE_H

#include <stdbool.h>

struct status_report;

/* What is wrong, and what to do about it: judged from a report alone. Pure. */

enum { STATUS_ADVICE_MAX = 400 };

/* Calls fn with one line for each thing that a person should look into, the worst first; nothing
 * where all is well. is_trouble: false for a mere remark. */
typedef void status_advice_fn(void *arg, bool is_trouble, const char *line);
void status_advise(const struct status_report *report, status_advice_fn *fn, void *arg);

#endif
