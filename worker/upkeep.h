#ifndef CLERK_UPKEEP_H
#define CLERK_UPKEEP_H

#include <stdbool.h>

#include "common/clock.h"
#include "common/status.h"

struct queue_conf;
struct redis_link;
struct store;
struct trouble;
struct upkeep;
struct worker_conf;

/* What a worker does beside applying events: checkpoints, pruning of the ledger, the gauges of the
 * queue, a look at the database every two seconds, so that its troubles show without events, and
 * the removal of consumers that are gone. All of it in small portions between batches. */

/* Everything is borrowed until upkeep_free(). STATUS_NO_MEMORY. */
enum status upkeep_new(const struct worker_conf *conf, const struct queue_conf *queue,
                       const struct clock *clock, struct store *store, struct trouble *database,
                       struct redis_link *link, struct upkeep **ret_upkeep) MUST_CHECK;

/* Does what is due; idle: the last read found nothing. STATUS_UNAVAILABLE, STATUS_STOPPED: could
 * not be done now, will be tried again. STATUS_FATAL: the database needs a person (logged). Blocks
 * for a few milliseconds as a rule. */
enum status upkeep_turn(struct upkeep *u, bool idle) MUST_CHECK;

/* Takes this consumer off the group if its name ends with this process and it holds nothing; when
 * that cannot be done, logs that somebody else will. Blocks. To be called at the very end. */
void upkeep_leave(struct upkeep *u);

/* Frees. NULL is fine. */
void upkeep_free(struct upkeep *u);

#endif
