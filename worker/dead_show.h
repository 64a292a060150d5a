#ifndef CLERK_DEAD_SHOW_H
#define CLERK_DEAD_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/dead_filter.h"

struct store;

/* What only looks at dead letters. now_ms: wall clock. Statuses of store_read.h. */

struct dead_view {
    struct store *store; /* borrowed */
    const struct dead_filter *filter;
    int64_t now_ms;
    int64_t count; /* at most so many; 0: all */
    bool json;
    bool is_terminal;
    FILE *out;
};

/* One line each, without bodies, the oldest first. *ret_total: how many the filter means, those not
 * shown included. */
enum status dead_show_list(const struct dead_view *view, int64_t *ret_total) MUST_CHECK;

/* One with everything that is known of it, its body included. STATUS_NOT_FOUND. */
enum status dead_show_one(const struct dead_view *view, struct slice svix_id) MUST_CHECK;

/* The bodies, one on each line (white space between tokens may become a space), as `clerk-ingest
 * send` takes them. *ret_total: how many were written; *ret_left_out: how many were not, because
 * they are not JSON. */
enum status dead_show_export(const struct dead_view *view, int64_t *ret_total,
                             int64_t *ret_left_out) MUST_CHECK;

#endif
