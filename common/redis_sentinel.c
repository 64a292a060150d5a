#include "common/redis_sentinel.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <sys/time.h>

#include "common/clock.h"

struct question {
    const struct redis_url *url;
    redisContext *context;
    int64_t until_ms; /* monotonic */
    char *why;
};

static enum status give_up(struct question *q, const char *why)
{
    (void)snprintf(q->why, REDIS_SENTINEL_WHY_MAX, "sentinel: %s", why);
    return STATUS_UNAVAILABLE;
}

static struct timeval time_left(const struct question *q)
{
    int64_t ms = q->until_ms - clock_system.mono_ms();

    if (ms < 1)
        ms = 1; /* 0 would be without limit */
    return (struct timeval){ .tv_sec = (time_t)(ms / 1000),
                             .tv_usec = (suseconds_t)(ms % 1000 * 1000) };
}

static enum status ask(struct question *q, int count, const char **words, redisReply **ret_reply)
{
    redisReply *reply = NULL;
    enum status st;

    if (redisSetTimeout(q->context, time_left(q)) == REDIS_OK)
        reply = redisCommandArgv(q->context, count, words, NULL);
    if (!reply)
        return give_up(q, q->context->errstr);
    if (reply->type != REDIS_REPLY_ERROR) {
        *ret_reply = reply;
        return STATUS_OK;
    }
    st = give_up(q, reply->str);
    freeReplyObject(reply);
    return st;
}

static enum status authenticate(struct question *q)
{
    const struct redis_url *url = q->url;
    const char *named[] = { "AUTH", url->sentinel_user, url->sentinel_password };
    const char *unnamed[] = { "AUTH", url->sentinel_password };
    bool has_name = url->sentinel_user[0] != '\0';
    redisReply *reply = NULL;
    enum status st;

    if (url->sentinel_password[0] == '\0')
        return STATUS_OK;
    st = has_name ? ask(q, 3, named, &reply) : ask(q, 2, unnamed, &reply);
    if (st == STATUS_OK)
        freeReplyObject(reply);
    return st;
}

static bool read_place(const redisReply *reply, struct redis_place *ret_place)
{
    struct redis_place place;
    int64_t port;
    int len;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || !reply->element[0]->str ||
        !reply->element[1]->str || !slice_to_i64(slice_of(reply->element[1]->str), 1, 65535, &port))
        return false;
    len = snprintf(place.host, sizeof(place.host), "%s", reply->element[0]->str);
    if (len < 1 || (size_t)len >= sizeof(place.host))
        return false;
    place.port = (int)port;
    *ret_place = place;
    return true;
}

static enum status ask_for_master(struct question *q, struct redis_place *ret_master)
{
    const char *words[] = { "SENTINEL", "GET-MASTER-ADDR-BY-NAME", q->url->master };
    redisReply *reply = NULL;
    enum status st = ask(q, 3, words, &reply);

    if (st == STATUS_OK && !read_place(reply, ret_master))
        st = give_up(q, "it knows no master of this name");
    if (reply)
        freeReplyObject(reply);
    return st;
}

static enum status ask_one(struct question *q, const struct redis_place *at,
                           struct redis_place *ret_master)
{
    enum status st;

    q->context = redisConnectWithTimeout(at->host, at->port, time_left(q));
    if (!q->context)
        return STATUS_NO_MEMORY;
    st = q->context->err ? give_up(q, q->context->errstr) : authenticate(q);
    if (st == STATUS_OK)
        st = ask_for_master(q, ret_master);
    redisFree(q->context);
    return st;
}

/* Each one asked may use its share of the time that is left. */
enum status redis_sentinel_ask(const struct redis_url *url, size_t first,
                               struct redis_place *ret_master, char ret_why[REDIS_SENTINEL_WHY_MAX])
{
    int64_t end_ms = clock_system.mono_ms() + REDIS_SENTINEL_LIMIT_MS;
    enum status st = STATUS_UNAVAILABLE;

    ret_why[0] = '\0';
    for (size_t i = 0; st == STATUS_UNAVAILABLE && i < url->sentinel_count; i++) {
        int64_t now_ms = clock_system.mono_ms();
        int64_t share_ms = (end_ms - now_ms) / (int64_t)(url->sentinel_count - i);
        struct question q = { .url = url, .until_ms = now_ms + share_ms, .why = ret_why };

        st = ask_one(&q, &url->sentinels[(first + i) % url->sentinel_count], ret_master);
    }
    return st;
}
