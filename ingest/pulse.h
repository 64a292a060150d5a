#ifndef CLERK_PULSE_H
#define CLERK_PULSE_H

#include "common/conf.h"
#include "common/status.h"

struct event_base;
struct pulse;

/* The service manager's view of clerk-ingest (common/notify.h): ready once it listens, then a sign
 * of life from a timer of the loop, so that a loop that no longer turns is noticed and restarted.
 * Does nothing where no manager asks. */

/* Reads through lookup what the manager wants. base is borrowed until pulse_free().
 * STATUS_NO_MEMORY. */
enum status pulse_new(struct event_base *base, conf_lookup_fn *lookup,
                      struct pulse **ret_pulse) MUST_CHECK;

/* The door is open: says so, and begins to give signs of life. Does not block. */
void pulse_ready(struct pulse *p);

/* Told to stop: says so; the signs of life go on until the end. Does not block. */
void pulse_stopping(const struct pulse *p);

/* Frees. NULL is fine. */
void pulse_free(struct pulse *p);

#endif
