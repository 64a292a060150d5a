#ifndef CLERK_TROUBLE_H
#define CLERK_TROUBLE_H

#include <signal.h>
#include <stdbool.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/notify.h"
#include "common/reasons.h"
#include "worker/worker_counters.h"

/* One neighbour (Redis, the database) that may be away for a while: says so once when it goes, once
 * when it is back, and waits in between with growing pauses. What comes to light in between is told
 * as well: a connection is lost before its certificate turns out to be wrong. */
struct trouble {
    /* "redis" or "database": the first word of both log events */
    const char *name;
    /* 1 while it works, and how often it refused */
    enum worker_counter up_gauge;
    enum worker_counter error_total;
    const struct clock *clock;
    /* cuts waits short when it becomes non-zero */
    const volatile sig_atomic_t *stop;
    /* hears that we live while we wait; NULL: nobody */
    struct notify *notify;
    struct backoff backoff;
    bool is_down;
    /* monotonic; of the last change to down */
    int64_t since_ms;
    struct reasons told; /* since then */
};

/* A neighbour that is up, and nobody to notify. name, clock and stop are borrowed. */
struct trouble trouble_make(const char *name, enum worker_counter up_gauge,
                            enum worker_counter error_total, const struct clock *clock,
                            const volatile sig_atomic_t *stop);

/* It refused: logs why (one line, event=NAME_unavailable) if it was up until now, or if why has not
 * been told yet in this outage (event=NAME_still_unavailable, at most REASONS_MAX in all), and sets
 * the gauge to 0. Does not wait. */
void trouble_note(struct trouble *t, const char *why);

/* trouble_note(), then waits a while (250 ms growing to 4 s), less when *stop is set. Blocks. */
void trouble_wait(struct trouble *t, const char *why);

/* It works: sets the gauge to 1, makes the next wait short again, and logs (event=NAME_available)
 * if it was down. Cheap enough for every turn. */
void trouble_over(struct trouble *t);

#endif
