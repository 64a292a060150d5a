#include "worker/queue_state.h"

#include <string.h>

#include <hiredis/hiredis.h>

#include "worker/queue_entry.h"
#include "worker/redis_link.h"
#include "worker/redis_reply_arena.h"

static enum status call(struct redis_link *link, const char *const words[], size_t count,
                        redisReply **ret_reply)
{
    struct redis_command cmd;
    redis_command_set(&cmd, words, count);
    return redis_link_call(link, &cmd, 0, ret_reply);
}

static struct slice text_of(const redisReply *reply)
{
    bool is_text = reply &&
                   (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
    return is_text ? (struct slice){ reply->str, (size_t)reply->len } : SLICE("");
}

static int64_t number_of(const redisReply *reply, int64_t otherwise)
{
    return reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : otherwise;
}

static size_t elements_of(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

/* The value behind name in a flat list of names and values; NULL: not there. */
static const redisReply *find(const redisReply *list, const char *name)
{
    for (size_t i = 0; i + 1 < elements_of(list); i += 2)
        if (slice_equals(text_of(list->element[i]), slice_of(name)))
            return list->element[i + 1];
    return NULL;
}

static void copy_word(struct slice from, char *to, size_t size)
{
    size_t len = from.len < size ? from.len : size - 1;
    if (len > 0)
        memcpy(to, from.ptr, len);
    to[len] = '\0';
}

/* --- the stream --- */

static enum status read_stream(struct redis_link *link, const struct queue_conf *conf,
                               int64_t now_ms, struct queue_state *state)
{
    redisReply *reply = NULL;
    enum status st = call(link, (const char *[]){ "XINFO", "STREAM", conf->key }, 3, &reply);
    if (st != STATUS_OK)
        return st;
    state->length = number_of(find(reply, "length"), 0);
    state->added = number_of(find(reply, "entries-added"), 0);
    const redisReply *first = find(reply, "first-entry");
    if (elements_of(first) > 0) {
        struct slice id = text_of(first->element[0]);
        int64_t born_ms = entry_id_ms(id);
        copy_word(id, state->oldest_id, sizeof(state->oldest_id));
        state->oldest_age_ms = born_ms > 0 && born_ms < now_ms ? now_ms - born_ms : 0;
    }
    redis_reply_free(reply);
    return STATUS_OK;
}

static enum status read_group(struct redis_link *link, const struct queue_conf *conf,
                              struct queue_state *state)
{
    redisReply *reply = NULL;
    enum status st = call(link, (const char *[]){ "XINFO", "GROUPS", conf->key }, 3, &reply);
    if (st != STATUS_OK)
        return st;
    state->lag = state->length;
    for (size_t i = 0; i < elements_of(reply); i++) {
        const redisReply *group = reply->element[i];
        if (!slice_equals(text_of(find(group, "name")), slice_of(conf->group)))
            continue;
        state->has_group = true;
        state->pending = number_of(find(group, "pending"), 0);
        /* Redis loses count where undelivered entries were deleted; ours leave only when done. */
        int64_t unread = state->length > state->pending ? state->length - state->pending : 0;
        state->lag = number_of(find(group, "lag"), unread);
    }
    redis_reply_free(reply);
    return STATUS_OK;
}

static enum status read_consumers(struct redis_link *link, const struct queue_conf *conf,
                                  struct queue_state *state)
{
    redisReply *reply = NULL;
    const char *words[] = { "XINFO", "CONSUMERS", conf->key, conf->group };
    enum status st = call(link, words, sizeof(words) / sizeof(*words), &reply);
    if (st != STATUS_OK)
        return st;
    state->consumer_count = elements_of(reply);
    for (size_t i = 0; i < state->consumer_count && i < QUEUE_CONSUMERS_MAX; i++) {
        struct queue_consumer *c = &state->consumers[state->consumers_kept++];
        copy_word(text_of(find(reply->element[i], "name")), c->name, sizeof(c->name));
        c->idle_ms = number_of(find(reply->element[i], "idle"), 0);
        c->pending = number_of(find(reply->element[i], "pending"), 0);
    }
    redis_reply_free(reply);
    return STATUS_OK;
}

static enum status read_queue(struct redis_link *link, const struct queue_conf *conf,
                              int64_t now_ms, struct queue_state *state)
{
    redisReply *reply = NULL;
    enum status st = call(link, (const char *[]){ "EXISTS", conf->key }, 2, &reply);
    if (st != STATUS_OK)
        return st;
    state->has_stream = number_of(reply, 0) == 1;
    redis_reply_free(reply);
    if (!state->has_stream)
        return STATUS_OK;
    st = read_stream(link, conf, now_ms, state);
    if (st == STATUS_OK)
        st = read_group(link, conf, state);
    if (st == STATUS_OK && state->has_group)
        st = read_consumers(link, conf, state);
    return st;
}

/* --- the server --- */

static bool value_of(struct slice line, const char *name, struct slice *ret_value)
{
    if (!slice_drop_prefix(&line, slice_of(name)) || !slice_drop_prefix(&line, SLICE(":")))
        return false;
    *ret_value = slice_trim(line);
    return true;
}

void queue_server_parse(struct slice info, struct queue_server *ret_server)
{
    struct queue_server server = { 0 };
    struct slice line, value;
    while (slice_split(&info, '\n', &line)) {
        if (value_of(line, "redis_version", &value))
            copy_word(value, server.version, sizeof(server.version));
        else if (value_of(line, "maxmemory_policy", &value))
            copy_word(value, server.policy, sizeof(server.policy));
        else if (value_of(line, "used_memory", &value))
            (void)slice_to_i64(value, 0, INT64_MAX, &server.used_bytes);
        else if (value_of(line, "maxmemory", &value))
            (void)slice_to_i64(value, 0, INT64_MAX, &server.max_bytes);
        else if (value_of(line, "aof_enabled", &value))
            server.has_aof = slice_equals(value, SLICE("1"));
        else if (value_of(line, "aof_last_write_status", &value))
            server.aof_ok = slice_equals(value, SLICE("ok"));
    }
    *ret_server = server;
}

static enum status read_server(struct redis_link *link, bool *no_config,
                               struct queue_server *server)
{
    redisReply *reply = NULL;
    enum status st = call(link, (const char *[]){ "INFO" }, 1, &reply);
    if (st != STATUS_OK)
        return st;
    queue_server_parse(text_of(reply), server);
    redis_reply_free(reply);
    if (*no_config)
        return STATUS_OK;
    if (call(link, (const char *[]){ "CONFIG", "GET", "appendfsync" }, 3, &reply) != STATUS_OK) {
        *no_config = redis_link_is_refused(link);
        return STATUS_OK;
    }
    copy_word(text_of(find(reply, "appendfsync")), server->fsync, sizeof(server->fsync));
    redis_reply_free(reply);
    return STATUS_OK;
}

enum status queue_state_look(struct redis_link *link, const struct queue_conf *conf, int64_t now_ms,
                             struct queue_state *ret_state)
{
    struct queue_state state = { 0 };
    enum status st = redis_link_open(link);
    if (st == STATUS_OK)
        st = read_queue(link, conf, now_ms, &state);
    if (st == STATUS_OK)
        *ret_state = state;
    return st;
}

enum status queue_state_read(struct redis_link *link, const struct queue_conf *conf, int64_t now_ms,
                             bool *no_config, struct queue_state *ret_state)
{
    struct queue_state state;
    enum status st = queue_state_look(link, conf, now_ms, &state);
    if (st == STATUS_OK)
        st = read_server(link, no_config, &state.server);
    if (st == STATUS_OK)
        *ret_state = state;
    return st;
}
