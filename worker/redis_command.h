#ifndef CLERK_REDIS_COMMAND_H
#define CLERK_REDIS_COMMAND_H

#include <stddef.h>

#include "common/slice.h"

enum { REDIS_COMMAND_ARGS_MAX = 2560 };

/* A command as arguments with lengths: bytes from outside never pass through a format string.
 * Bounded; adding beyond REDIS_COMMAND_ARGS_MAX is a bug. */
struct redis_command {
    const char *argv[REDIS_COMMAND_ARGS_MAX];
    size_t lengths[REDIS_COMMAND_ARGS_MAX];
    int argc;
};

/* Makes the command these words, or adds one more. Borrows the texts until the command has been
 * sent. */
void redis_command_set(struct redis_command *cmd, const char *const words[], size_t count);
void redis_command_add(struct redis_command *cmd, const char *text);
void redis_command_add_slice(struct redis_command *cmd, struct slice text);

#endif
