#ifndef CLERK_QUEUE_STATE_H
#define CLERK_QUEUE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/queue_reader.h"

struct redis_link;

/* All that an operator asks about the stream and the Redis that holds it. Source: EXISTS, XINFO
 * STREAM, XINFO GROUPS, XINFO CONSUMERS, INFO and CONFIG GET as of Redis 7.0. */

enum { QUEUE_CONSUMERS_MAX = 64, QUEUE_CONSUMER_NAME_MAX = 200, QUEUE_WORD_MAX = 32 };

struct queue_consumer {
    /* names longer than QUEUE_CONSUMER_NAME_MAX bytes are cut */
    char name[QUEUE_CONSUMER_NAME_MAX + 1];
    /* since it last asked for entries, found any or not; a live worker asks every BLOCK_MS */
    int64_t idle_ms;
    /* entries that it was given and has not acknowledged */
    int64_t pending;
};

/* The server, as INFO tells. */
struct queue_server {
    /* redis_version; Valkey names the Redis that it is compatible with */
    char version[QUEUE_WORD_MAX];
    /* maxmemory-policy: anything but noeviction may throw the stream away */
    char policy[QUEUE_WORD_MAX];
    /* appendfsync; empty: this user may not ask */
    char fsync[QUEUE_WORD_MAX];
    int64_t used_bytes;
    /* 0: no limit */
    int64_t max_bytes;
    /* whether it writes an append-only file, and whether the last write of it succeeded */
    bool has_aof;
    bool aof_ok;
};

struct queue_state {
    /* false: nothing ever came in, or Redis was emptied; then all of the stream's fields are 0 */
    bool has_stream;
    /* false: neither program has created the group yet; lag is then the length */
    bool has_group;

    /* Entries in the stream, the backlog; of these, not yet given to a worker; and given to one,
     * not committed. Where Redis has lost count lag is length less pending. */
    int64_t length;
    int64_t lag;
    int64_t pending;
    /* entries that ever came in, for a rate; starts over with the stream */
    int64_t added;

    /* The first entry: its age by the id that Redis gave it, 0 and "" where there is none. */
    int64_t oldest_age_ms;
    char oldest_id[QUEUE_ENTRY_ID_MAX + 1];

    /* How many consumers there are, and how many of them are below. */
    size_t consumer_count;
    size_t consumers_kept;
    struct queue_consumer consumers[QUEUE_CONSUMERS_MAX];

    struct queue_server server;
};

/* Reads all of it but the server, one question after the other, so that numbers may be a moment
 * apart; connects where necessary. now_ms: wall clock. STATUS_UNAVAILABLE: redis_link_why() says
 * why. Blocks, each question for at most the margin of redis_link_reply(). */
enum status queue_state_look(struct redis_link *link, const struct queue_conf *conf, int64_t now_ms,
                             struct queue_state *ret_state) MUST_CHECK;

/* The same and the server. *no_config becomes true where this Redis user may not CONFIG GET; where
 * it is true already that is not asked. */
enum status queue_state_read(struct redis_link *link, const struct queue_conf *conf, int64_t now_ms,
                             bool *no_config, struct queue_state *ret_state) MUST_CHECK;

/* Picks what is of interest out of INFO's text ("name:value" lines); what is not there stays 0 or
 * empty. Pure. */
void queue_server_parse(struct slice info, struct queue_server *ret_server);

#endif
