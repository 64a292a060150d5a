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
    char name[QUEUE_CONSUMER_NAME_MAX + 1]; /* longer ones are cut */
    int64_t idle_ms;                        /* since it last asked for entries */
    int64_t pending;
};

/* The server, as INFO tells. */
struct queue_server {
    char version[QUEUE_WORD_MAX];
    char policy[QUEUE_WORD_MAX]; /* maxmemory-policy */
    char fsync[QUEUE_WORD_MAX];  /* appendfsync; empty: this user may not ask */
    int64_t used_bytes;
    int64_t max_bytes; /* 0: no limit */
    bool has_aof;
    bool aof_ok; /* its last write succeeded */
};

struct queue_state {
    bool has_stream; /* false: nothing ever came in, or Redis was emptied */
    bool has_group;
    int64_t length;  /* entries in the stream: the backlog */
    int64_t lag;     /* not yet given to a worker */
    int64_t pending; /* given to a worker, not committed */
    int64_t added;   /* since the stream exists; for a rate */
    int64_t oldest_age_ms;
    char oldest_id[QUEUE_ENTRY_ID_MAX + 1];
    size_t consumer_count; /* how many there are */
    size_t consumers_kept; /* how many of them are below */
    struct queue_consumer consumers[QUEUE_CONSUMERS_MAX];
    struct queue_server server;
};

/* Reads all of it but the server; connects where necessary. now_ms: wall clock. STATUS_UNAVAILABLE:
 * redis_link_why() says why. Blocks. */
enum status queue_state_look(struct redis_link *link, const struct queue_conf *conf, int64_t now_ms,
                             struct queue_state *ret_state) MUST_CHECK;

/* The same and the server. *no_config becomes true where this Redis user may not CONFIG GET, which
 * costs the connection; where it is true already that is not asked. */
enum status queue_state_read(struct redis_link *link, const struct queue_conf *conf, int64_t now_ms,
                             bool *no_config, struct queue_state *ret_state) MUST_CHECK;

/* Picks what is of interest out of INFO's text ("name:value" lines); what is not there stays 0 or
 * empty. Pure. */
void queue_server_parse(struct slice info, struct queue_server *ret_server);

#endif
