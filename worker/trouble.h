#ifndef CLERK_TROUBLE_H
#define CLERK_TROUBLE_H

#include <signal.h>
#include <stdbool.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/notify.h"
#include "worker/worker_counters.h"

/* One neighbour (Redis, the database) that may be away for a while: says so once when it goes, once
 * when it is back, and waits in between with growing pauses. */
struct trouble {
    const char *name; /* "redis", "database" */
    enum worker_counter up_gauge;
    enum worker_counter error_total;
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    struct notify *notify; /* hears that we live while we wait; NULL: nobody */
    struct backoff backoff;
    bool is_down;
    int64_t since_ms; /* monotonic; of the last change to down */
};

/* A neighbour that is up, and nobody to notify. name, clock and stop are borrowed. */
struct trouble trouble_make(const char *name, enum worker_counter up_gauge,
                            enum worker_counter error_total, const struct clock *clock,
                            const volatile sig_atomic_t *stop);

/* It refused: logs why if it was up until now, then waits a while (250 ms growing to 4 s), less
 * when *stop is set. Blocks. */
void trouble_wait(struct trouble *t, const char *why);

/* It works: logs if it was down. */
void trouble_over(struct trouble *t);

#endif
