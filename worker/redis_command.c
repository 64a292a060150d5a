#include "worker/redis_command.h"

#include <assert.h>

void redis_command_set(struct redis_command *cmd, const char *const words[], size_t count)
{
    cmd->argc = 0;
    for (size_t i = 0; i < count; i++)
        redis_command_add(cmd, words[i]);
}

void redis_command_add_slice(struct redis_command *cmd, struct slice text)
{
    assert(cmd->argc < REDIS_COMMAND_ARGS_MAX);
    cmd->argv[cmd->argc] = text.len ? text.ptr : "";
    cmd->lengths[cmd->argc++] = text.len;
}

void redis_command_add(struct redis_command *cmd, const char *text)
{
    redis_command_add_slice(cmd, slice_of(text));
}
