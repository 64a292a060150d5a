#include <hiredis/hiredis.h>
#include <time.h>

#include "common/clock.h"
#include "common/stream.h"
#include "load.h"

enum { ARGS = 13, TEXT_MAX = 24 };

static bool add(redisContext *redis, const struct load *load, uint64_t n)
{
    struct mixed_event ev;
    char ts[TEXT_MAX];
    char received[TEXT_MAX];
    long long now_ms = (long long)clock_system.wall_ms();

    event_mix_make(load->mix, n, now_ms, &ev);
    const struct slice args[ARGS] = {
        SLICE("XADD"),
        slice_of(load->key),
        SLICE("*"),
        SLICE(STREAM_FIELD_ID),
        ev.message_id,
        SLICE(STREAM_FIELD_TYPE),
        ev.type,
        SLICE(STREAM_FIELD_TS),
        { ts, (size_t)snprintf(ts, sizeof(ts), "%lld", now_ms / 1000) },
        SLICE(STREAM_FIELD_RECEIVED),
        { received, (size_t)snprintf(received, sizeof(received), "%lld", now_ms) },
        SLICE(STREAM_FIELD_BODY),
        ev.body,
    };
    const char *argv[ARGS];
    size_t lens[ARGS];
    for (int i = 0; i < ARGS; i++) {
        argv[i] = args[i].ptr;
        lens[i] = args[i].len;
    }
    return redisAppendCommandArgv(redis, ARGS, argv, lens) == REDIS_OK;
}

static bool take_answers(redisContext *redis, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        bool good = redisGetReply(redis, (void **)&reply) == REDIS_OK &&
                    reply->type == REDIS_REPLY_STRING;
        if (!good)
            fprintf(stderr, "bench-load: %s\n", reply ? reply->str : redis->errstr);
        freeReplyObject(reply);
        if (!good)
            return false;
    }
    return true;
}

bool load_fill(const struct load *load)
{
    redisContext *redis = redisConnect(load->host, load->port);
    bool good = redis && !redis->err;
    uint64_t waiting = 0;

    for (uint64_t n = 0; good && n < load->count; n++) {
        good = add(redis, load, load->first + n);
        if (good && (++waiting == load->connections || n + 1 == load->count)) {
            good = take_answers(redis, waiting);
            waiting = 0;
        }
    }
    if (redis)
        redisFree(redis);
    return good;
}
