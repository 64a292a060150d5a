#ifndef CLERK_FAULT_H
#define CLERK_FAULT_H

#include "common/slice.h"

/* Named places at which a test makes the process die, as a power cut would: between read, BEGIN,
 * COMMIT and ack. Only builds with -DFAULTS=ON have them; everywhere else FAULT_POINT is nothing.
 *
 * CLERK_FAULT="name" dies at the first pass of that point, "name:N" at the N-th, "name=TEXT"
 * whenever the point's id is TEXT. */

#ifdef CLERK_FAULTS
/* Raises SIGKILL when the environment asks for it at this point. id: what is being worked on, or an
 * empty slice. */
void fault_point(const char *name, struct slice id);
#define FAULT_POINT(name, id) fault_point((name), (id))
#else
#define FAULT_POINT(name, id) ((void)0)
#endif

#endif
