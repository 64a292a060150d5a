#ifndef CLERK_REDIS_REPLY_ARENA_H
#define CLERK_REDIS_REPLY_ARENA_H

struct redisReader;
struct redisReply;

/* Replies that lie in an arena of their own (arena.h), each with all that is inside it: hiredis
 * asks for 27 pieces of memory for one entry of the stream, and frees them one by one. Only what
 * RESP2 knows: a reply of another protocol ends the connection as lack of memory does, and so does
 * a list of more than a million elements. */

/* From now on reader, which has read nothing so far, makes its replies this way. */
void redis_reply_arena_use(struct redisReader *reader);

/* Frees such a reply; never one that is inside another. NULL is fine. */
void redis_reply_free(struct redisReply *reply);

#endif
