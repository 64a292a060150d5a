#ifndef CLERK_REDIS_LINK_H
#define CLERK_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/redis_url.h"
#include "common/status.h"
#include "worker/redis_command.h"

struct redisReply;
struct redis_link;

/* One blocking connection to Redis that is thrown away after any failure and made anew by the next
 * call; where sentinels are to say where, they are asked each time. RESP2 only, so that hiredis
 * 0.14 and 1.x behave alike. */

enum { REDIS_LINK_WHY_MAX = 200 };

/* Nothing is connected yet. url is borrowed until redis_link_free(). NULL: no memory. */
struct redis_link *redis_link_new(const struct redis_url *url);

/* Closes and frees. NULL is fine. */
void redis_link_free(struct redis_link *link);

/* Makes sure that there is a connection: sentinels, connect, TLS, AUTH, ROLE (must be the master,
 * where sentinels named it), SELECT, each within 2 s.
 * STATUS_UNAVAILABLE: redis_link_why() says why. Blocks. */
enum status redis_link_open(struct redis_link *link) MUST_CHECK;

/* Where the connection leads, or last led; unused with unix://. */
const struct redis_place *redis_link_place(const struct redis_link *link);

/* Counts the connections made so far: it changes when the one there is new. */
int64_t redis_link_generation(const struct redis_link *link);

/* Closes; the next redis_link_open() starts anew. */
void redis_link_drop(struct redis_link *link);

/* Puts a command into the output buffer without sending it. STATUS_UNAVAILABLE: the connection is
 * gone. */
enum status redis_link_append(struct redis_link *link, struct redis_command *cmd) MUST_CHECK;

/* Sends what was appended, without waiting for an answer. STATUS_UNAVAILABLE: the connection is
 * gone. Blocks only while the socket is full. */
enum status redis_link_send(struct redis_link *link) MUST_CHECK;

/* Waits up to wait_ms plus a margin of 5 s for the next reply; after redis_link_send() the time
 * counts from there, and 100 ms are left at least. *ret_reply is yours: redis_reply_free(). An
 * error reply is STATUS_UNAVAILABLE like a lost connection, and the connection is dropped: what was
 * going on is unknown afterwards. Blocks. */
enum status redis_link_reply(struct redis_link *link, int64_t wait_ms,
                             struct redisReply **ret_reply) MUST_CHECK;

/* Append and reply in one, with nothing else under way: a command that this user has no right to
 * (NOPERM) is STATUS_UNAVAILABLE, too, but leaves the connection. */
enum status redis_link_call(struct redis_link *link, struct redis_command *cmd, int64_t wait_ms,
                            struct redisReply **ret_reply) MUST_CHECK;

/* True when the last failure was such a refusal, of a connection that is still there. */
bool redis_link_is_refused(const struct redis_link *link);

/* The reason of the last failure, one line, without the password. */
const char *redis_link_why(const struct redis_link *link);

#endif
