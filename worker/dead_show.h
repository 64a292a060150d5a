#ifndef CLERK_DEAD_SHOW_H
#define CLERK_DEAD_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/dead_filter.h"

struct store;

/* What only looks at dead letters: prints them as a table, one by one, or as something to send
 * again. Nothing is changed, no worker is held up. Statuses of store_read.h; what could not be
 * written shows in ferror(view->out). */

struct dead_view {
    /* opened to read, borrowed as are all pointers here */
    struct store *store;
    const struct dead_filter *filter;
    /* wall clock, what ages are counted from */
    int64_t now_ms;
    /* at most so many; 0: all */
    int64_t count;
    /* one JSON object on each line, whatever is_terminal says */
    bool json;
    /* titles and columns, and nothing that could steer the terminal */
    bool is_terminal;
    FILE *out;
};

/* One line each, without bodies, the oldest first. *ret_total: how many the filter means, those not
 * shown included. */
enum status dead_show_list(const struct dead_view *view, int64_t *ret_total) MUST_CHECK;

/* One with everything that is known of it, its body included, whatever the filter says. The body is
 * printed byte for byte unless on a terminal. STATUS_NOT_FOUND: there is none. */
enum status dead_show_one(const struct dead_view *view, struct slice svix_id) MUST_CHECK;

/* The bodies, one on each line (white space between tokens may become a space), as `clerk-ingest
 * send` takes them. *ret_total: how many were written; *ret_left_out: how many were not, because
 * they are not JSON. */
enum status dead_show_export(const struct dead_view *view, int64_t *ret_total,
                             int64_t *ret_left_out) MUST_CHECK;

#endif
