#ifndef CLERK_WILLING_REDIS_H
#define CLERK_WILLING_REDIS_H

#include <stdbool.h>

#include "common/slice.h"

struct event_base;

/* A Redis for fuzz targets that carries nothing out and says OK to all. It serves fd, a listening
 * socket, in base's loop until the program ends. stored gets the last argument of each XADD,
 * borrowed for the call. False: no memory. */
bool willing_redis_listen(struct event_base *base, int fd, void (*stored)(struct slice body));

#endif
