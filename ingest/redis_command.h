#ifndef CLERK_REDIS_COMMAND_H
#define CLERK_REDIS_COMMAND_H

#include "common/buf.h"

/* Appends one command to out as Redis reads it, an array of count texts; the texts may hold any
 * bytes. Returns how many bytes the texts have together. Look at buf_status(out) afterwards.
 * Source: RESP2, the protocol of Redis, section "Sending commands". */
size_t redis_command_write(struct buf *out, const struct slice *args, size_t count);

#endif
