#ifndef CLERK_FAULT_H
#define CLERK_FAULT_H

#include <stdint.h>

#include "common/slice.h"

/* Named places at which a test makes the process die, as a power cut would: between read, BEGIN,
 * COMMIT and ack. Only builds with -DFAULTS=ON have them; everywhere else FAULT_POINT is nothing.
 *
 * CLERK_FAULT="name" dies at the first pass of that point, "name:N" at the N-th, "name=TEXT"
 * whenever the point's id is TEXT. The points, in the order of a batch: after_read, before_decode,
 * after_begin, in_effect, after_effect, before_commit, after_commit, before_ack, after_ack. In
 * migrate --to: before_copied, after_copied (id: the table) around the commit of a portion,
 * before_moved. */

#ifdef CLERK_FAULTS
/* Raises SIGKILL when the environment asks for it at this point. id: what is being worked on, or an
 * empty slice. */
void fault_point(const char *name, struct slice id);
#define FAULT_POINT(name, id) fault_point((name), (id))

/* A period in ms that a test cannot wait for: what the environment says under this name, or usual.
 */
int64_t fault_period_ms(const char *name, int64_t usual);
#define FAULT_PERIOD_MS(name, usual) fault_period_ms((name), (usual))
#else
#define FAULT_POINT(name, id)        ((void)0)
#define FAULT_PERIOD_MS(name, usual) ((int64_t)(usual))
#endif

#endif
