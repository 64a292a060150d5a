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

static bool send_all(redisContext *redis)
{
    int done = 0;

    while (!done)
        if (redisBufferWrite(redis, &done) != REDIS_OK)
            return false;
    return true;
}

/* One round: entries first to end, spread over the links, all sent before the first answer is read;
 * so Redis syncs the entries of many links at once. */
static bool fill_round(const struct load *load, redisContext **links, uint64_t first, uint64_t end)
{
    uint64_t used = end - first < load->links ? end - first : load->links;
    bool good = true;

    for (uint64_t n = first; good && n < end; n++)
        good = add(links[(n - first) % used], load, load->first + n);
    for (uint64_t i = 0; good && i < used; i++)
        good = send_all(links[i]);
    for (uint64_t i = 0; good && i < used; i++)
        good = take_answers(links[i], (end - first - i - 1) / used + 1);
    return good;
}

bool load_fill(const struct load *load)
{
    redisContext *links[LOAD_LINKS_MAX] = { NULL };
    int64_t began_us = clock_mono_us();
    bool good = load->links > 0 && load->links <= LOAD_LINKS_MAX;

    for (uint64_t i = 0; good && i < load->links; i++) {
        links[i] = redisConnect(load->host, load->port);
        good = links[i] && !links[i]->err;
    }
    for (uint64_t n = 0; good && n < load->count; n += load->connections) {
        uint64_t end = n + load->connections;
        good = fill_round(load, links, n, end < load->count ? end : load->count);
    }
    for (size_t i = 0; i < LOAD_LINKS_MAX; i++)
        if (links[i])
            redisFree(links[i]);
    if (good)
        printf("{\"wall_s\": %.4f}\n", (double)(clock_mono_us() - began_us) / 1e6);
    return good;
}
