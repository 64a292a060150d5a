#ifndef CLERK_QUEUE_WATCH_H
#define CLERK_QUEUE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/status.h"

struct redis_link;
struct queue_conf;

/* Looks at the queue from outside, and tidies it. All calls block; STATUS_UNAVAILABLE:
 * redis_link_why() says why, and redis_link_is_refused() whether this Redis user lacks the right,
 * which costs nothing but the answer. */

/* Source: XLEN, XINFO GROUPS, XRANGE. */
struct queue_backlog {
    /* entries in the stream: the backlog */
    int64_t length;
    /* of those, given to a consumer and not acknowledged */
    int64_t pending;
    /* not yet given to any; where Redis does not know: length - pending */
    int64_t lag;
    /* that the group knows */
    int64_t consumers;
    /* of the first entry; 0 when the stream is empty */
    int64_t oldest_age_ms;
    /* this Redis user may not ask for some of it, which is 0 then */
    bool is_refused;
};

/* Counts. now_ms: wall clock, beside the entry ids' own. */
enum status queue_watch_backlog(struct redis_link *link, const struct queue_conf *conf,
                                int64_t now_ms, struct queue_backlog *ret_backlog) MUST_CHECK;

/* Whether Redis keeps an append-only file and its last write to it succeeded. Source: INFO
 * persistence. */
enum status queue_watch_aof(struct redis_link *link, bool *ret_ok) MUST_CHECK;

/* Removes the consumers of the group that hold nothing and have been idle for idle_ms,
 * conf->consumer excepted; with own true conf->consumer alone, if it holds nothing. Check and
 * removal are one script, because XGROUP DELCONSUMER forgets what a consumer holds. Source: XINFO
 * CONSUMERS, XGROUP DELCONSUMER, EVAL. */
enum status queue_watch_sweep(struct redis_link *link, const struct queue_conf *conf,
                              int64_t idle_ms, bool own) MUST_CHECK;

#endif
