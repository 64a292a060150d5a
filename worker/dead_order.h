#ifndef CLERK_DEAD_ORDER_H
#define CLERK_DEAD_ORDER_H

#include "worker/dead_change.h"

struct worker_conf;

/* An operator's order to change dead letters, carried out over connections of its own; whoever
 * gives it, a command or the page. */

enum dead_verb { DEAD_RETRY, DEAD_DROP };

struct dead_order {
    enum dead_verb verb;
    const struct dead_filter *filter;
    struct slice svix_id; /* only this one; empty: all that filter means */
    int64_t until_ms;     /* as in struct dead_change */
    bool beside_worker;   /* as in struct store_conf */
};

struct dead_result {
    int64_t count; /* letters that were put back or dropped; valid with any status */
    bool has_more; /* until_ms cut it short */
    char why[DEAD_WHY_MAX];
};

/* Opens the database, which must exist, and Redis, and does it. Statuses of dead_retry();
 * STATUS_NOT_FOUND: there is no database yet. result->why says what went wrong. Blocks. */
enum status dead_order_do(const struct worker_conf *conf, const struct clock *clock,
                          const struct dead_order *order,
                          struct dead_result *ret_result) MUST_CHECK;

#endif
