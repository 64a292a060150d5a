#include "worker/queue_watch.h"

#include <inttypes.h>
#include <stdio.h>

#include <hiredis/hiredis.h>

#include "worker/queue_entry.h"
#include "worker/queue_reader.h"
#include "worker/queue_state.h"
#include "worker/redis_link.h"
#include "worker/redis_reply_arena.h"

/* KEYS[1] stream, ARGV group, own name, idle ms, "own" or "others" */
static const char sweep_script[] =
    "local consumers = redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])\n"
    "for _, row in ipairs(consumers) do\n"
    "  local c = {}\n"
    "  for i = 1, #row, 2 do c[row[i]] = row[i + 1] end\n"
    "  local mine = c.name == ARGV[2]\n"
    "  local due = mine and ARGV[4] == 'own' or not mine and ARGV[4] == 'others' and c.idle >= "
    "tonumber(ARGV[3])\n"
    "  if due and c.pending == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], "
    "c.name) end\n"
    "end\n"
    "return redis.status_reply('OK')";

static enum status call(struct redis_link *link, const char *const words[], size_t count,
                        redisReply **ret_reply)
{
    struct redis_command cmd;
    redis_command_set(&cmd, words, count);
    return redis_link_call(link, &cmd, 0, ret_reply);
}

static int64_t integer_of(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

/* XRANGE's [[id, fields]]; only the id is of interest. */
static int64_t oldest_age(const redisReply *range, int64_t now_ms)
{
    if (range->type != REDIS_REPLY_ARRAY || range->elements == 0 ||
        range->element[0]->elements == 0)
        return 0;
    int64_t born_ms = entry_id_ms(slice_of(range->element[0]->element[0]->str));
    return born_ms > 0 && born_ms < now_ms ? now_ms - born_ms : 0;
}

/* One group's [name, value, name, value, …]: which names there are depends on the version. */
static void read_group(const redisReply *group, struct queue_backlog *backlog)
{
    for (size_t i = 0; i + 1 < group->elements; i += 2) {
        struct slice name = slice_of(group->element[i]->str);
        const redisReply *value = group->element[i + 1];
        if (value->type != REDIS_REPLY_INTEGER)
            continue;
        if (slice_equals(name, SLICE("pending")))
            backlog->pending = value->integer;
        else if (slice_equals(name, SLICE("consumers")))
            backlog->consumers = value->integer;
        else if (slice_equals(name, SLICE("lag")))
            backlog->lag = value->integer;
    }
}

static bool is_named(const redisReply *group, struct slice name)
{
    for (size_t i = 0; i + 1 < group->elements; i += 2)
        if (slice_equals(slice_of(group->element[i]->str), SLICE("name")))
            return slice_equals(slice_of(group->element[i + 1]->str), name);
    return false;
}

static void read_groups(const redisReply *groups, struct slice name, struct queue_backlog *backlog)
{
    for (size_t i = 0; groups->type == REDIS_REPLY_ARRAY && i < groups->elements; i++)
        if (is_named(groups->element[i], name))
            read_group(groups->element[i], backlog);
}

/* A question that Redis may refuse to this user: then *ret_reply stays NULL. */
static enum status ask(struct redis_link *link, const char *const words[], size_t count,
                       struct queue_backlog *backlog, redisReply **ret_reply)
{
    enum status st = call(link, words, count, ret_reply);
    if (st == STATUS_OK || !redis_link_is_refused(link))
        return st;
    backlog->is_refused = true;
    return STATUS_OK;
}

enum status queue_watch_backlog(struct redis_link *link, const struct queue_conf *conf,
                                int64_t now_ms, struct queue_backlog *ret_backlog)
{
    struct queue_backlog backlog = { .lag = -1 };
    redisReply *length = NULL;
    redisReply *groups = NULL;
    redisReply *range = NULL;
    const char *first[] = { "XRANGE", conf->key, "-", "+", "COUNT", "1" };
    enum status st = ask(link, (const char *[]){ "XLEN", conf->key }, 2, &backlog, &length);
    if (st == STATUS_OK)
        st = ask(link, (const char *[]){ "XINFO", "GROUPS", conf->key }, 3, &backlog, &groups);
    if (st == STATUS_OK)
        st = ask(link, first, sizeof(first) / sizeof(*first), &backlog, &range);
    if (st != STATUS_OK)
        goto out;

    if (length)
        backlog.length = integer_of(length);
    if (groups)
        read_groups(groups, slice_of(conf->group), &backlog);
    if (backlog.lag < 0) /* nil: Redis has lost count */
        backlog.lag = backlog.length > backlog.pending ? backlog.length - backlog.pending : 0;
    if (range)
        backlog.oldest_age_ms = oldest_age(range, now_ms);
    *ret_backlog = backlog;
out:
    redis_reply_free(length);
    redis_reply_free(groups);
    redis_reply_free(range);
    return st;
}

enum status queue_watch_aof(struct redis_link *link, bool *ret_ok)
{
    redisReply *reply = NULL;
    struct queue_server server = { .has_aof = false };
    enum status st = call(link, (const char *[]){ "INFO", "persistence" }, 2, &reply);
    if (st != STATUS_OK)
        return st;
    if (reply->type == REDIS_REPLY_STRING)
        queue_server_parse((struct slice){ reply->str, (size_t)reply->len }, &server);
    redis_reply_free(reply);
    *ret_ok = server.has_aof && server.aof_ok;
    return STATUS_OK;
}

enum status queue_watch_sweep(struct redis_link *link, const struct queue_conf *conf,
                              int64_t idle_ms, bool own)
{
    char idle[24];
    snprintf(idle, sizeof(idle), "%" PRId64, idle_ms);
    redisReply *reply = NULL;
    const char *words[] = { "EVAL",      sweep_script,   "1",  conf->key,
                            conf->group, conf->consumer, idle, own ? "own" : "others" };
    enum status st = call(link, words, sizeof(words) / sizeof(*words), &reply);
    if (st == STATUS_OK)
        redis_reply_free(reply);
    return st;
}
