#ifndef CLERK_DEAD_CHANGE_H
#define CLERK_DEAD_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/slice.h"
#include "common/status.h"
#include "worker/dead_filter.h"

struct queue_conf;
struct redis_link;
struct store;

/* What changes dead letters: trying them again, and throwing them away. Works through any number of
 * them in portions, the oldest first. */

enum { DEAD_WHY_MAX = 400 };

struct dead_change {
    /* All pointers are borrowed. The store is opened to write; the link may be unopened. */
    struct store *store;
    struct redis_link *link;
    const struct queue_conf *queue;
    const struct clock *clock;
    const struct dead_filter *filter;
    /* only this one; empty: all that filter means */
    struct slice svix_id;
    /* monotonic: no portion is begun after it; 0: none left out */
    int64_t until_ms;
    /* becomes true where there may be more than were handled; may be NULL */
    bool *ret_more;
};

/* Puts the events back into the stream, each under its svix-id and with its exact body: marks a
 * portion in the database (store_reopen()), then appends it to the stream, one confirmed XADD after
 * the other. Nothing is lost wherever this ends: a letter stays until a worker has applied its
 * event, and what was not confirmed can be tried again. Letters that fail while this runs are not
 * taken twice. *ret_count: events confirmed by Redis, valid with any status. STATUS_UNAVAILABLE,
 * STATUS_FATAL, STATUS_NO_MEMORY: ret_why says in one line what went wrong. Blocks. */
enum status dead_retry(const struct dead_change *change, int64_t *ret_count,
                       char ret_why[DEAD_WHY_MAX]) MUST_CHECK;

/* Removes the letters for good, each portion in a transaction; their ledger rows say `dead`, so
 * that a copy still in the stream is a duplicate. *ret_count: letters removed. Statuses as above.
 */
enum status dead_drop(const struct dead_change *change, int64_t *ret_count,
                      char ret_why[DEAD_WHY_MAX]) MUST_CHECK;

#endif
