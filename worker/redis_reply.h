#ifndef CLERK_REDIS_REPLY_H
#define CLERK_REDIS_REPLY_H

#include <stdbool.h>

struct redisReply;

/* What a reply of Redis says. Pure functions. */

/* The first error inside a reply: the reply itself, or one of the replies of an EXEC; NULL: none.
 * Lives as long as the reply, and no longer holds arguments that Redis repeats in it: where AUTH is
 * switched off they are the password. */
const char *redis_reply_error(struct redisReply *reply);

/* Whether an error means that this user lacks the right to a command. */
bool redis_error_is_refusal(const char *error);

/* Whether this answer to ROLE is a master's. */
bool redis_reply_is_master(const struct redisReply *role);

/* Name and version of the Redis client library, for --version; a string constant. */
const char *redis_library(void);

#endif
