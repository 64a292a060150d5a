#ifndef CLERK_EVENT_FILTER_H
#define CLERK_EVENT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/slice.h"
#include "common/status.h"

/* Which event types are stored: the setting EVENT_TYPES. */

enum { EVENT_FILTER_PATTERNS_MAX = 64, EVENT_FILTER_ERROR_MAX = 160 };

/* Patterns, borrowed from the text they were read from. */
struct event_filter {
    struct slice patterns[EVENT_FILTER_PATTERNS_MAX];
    size_t count;
};

/* Reads patterns separated by white space or commas, for instance "user.* organization*.*". In a
 * pattern "*" stands for any run of characters, dots included; letters, digits, ".", "_" and "-"
 * stand for themselves. *ret_filter points into text, which has to outlive it. STATUS_INVALID: no
 * pattern at all, too many, or another character; ret_error names the fault in one line. */
enum status event_filter_parse(struct slice text, struct event_filter *ret_filter,
                               char ret_error[EVENT_FILTER_ERROR_MAX]) MUST_CHECK;

/* True when type matches one of the patterns. An empty type (the body names none, as Svix's test
 * message) always passes: what cannot be named cannot be chosen away. */
bool event_filter_passes(const struct event_filter *filter, struct slice type);

#endif
