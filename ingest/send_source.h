#ifndef CLERK_SEND_SOURCE_H
#define CLERK_SEND_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/status.h"
#include "ingest/send_items.h"

/* The order in which a run's events go out: rounds of the same items, or all of them mixed. Holds
 * numbers and no bodies, so that a run may be as long as it likes. */
struct send_source;

enum { SEND_SHUFFLE_WINDOW = 10000 }; /* events that are mixed with each other */

/* One event to render: see send_item_render(). */
struct send_turn {
    const struct send_item *item; /* borrowed from the items */
    uint64_t seed;                /* the same for all items of a round */
    int64_t now_ms;               /* grows from item to item of a round */
};

/* rounds (>= 1) times items, which has to outlive the source. shuffle: the turns come in an order
 * that seed decides; their times tell the true one. Equal seeds give equal seeds of rounds.
 * STATUS_NO_MEMORY. */
enum status send_source_new(const struct send_items *items, int64_t rounds, bool shuffle,
                            uint64_t seed, const struct clock *clock,
                            struct send_source **ret_source) MUST_CHECK;

/* The next one. False: that was all. */
bool send_source_next(struct send_source *source, struct send_turn *ret_turn);

/* Frees. NULL is fine. */
void send_source_free(struct send_source *source);

#endif
