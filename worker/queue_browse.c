#include "worker/queue_browse.h"

#include <inttypes.h>
#include <stdio.h>

#include <hiredis/hiredis.h>

#include "common/stream.h"
#include "worker/queue_entry.h"
#include "worker/redis_link.h"
#include "worker/redis_reply_arena.h"

enum { NUMBER_MAX = 24 };

enum status queue_browse_next(struct redis_link *link, const struct queue_conf *conf,
                              struct slice after, size_t max, struct batch *ret_batch)
{
    char start[QUEUE_ENTRY_ID_MAX + 2] = "-";
    char count[NUMBER_MAX];
    if (after.len > 0)
        snprintf(start, sizeof(start), "(%.*s", SLICE_ARG(after));
    snprintf(count, sizeof(count), "%zu", max);
    struct redis_command cmd;
    const char *words[] = { "XRANGE", conf->key, start, "+", "COUNT", count };
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));
    redisReply *reply = NULL;
    enum status st = redis_link_open(link);
    if (st == STATUS_OK)
        st = redis_link_call(link, &cmd, 0, &reply);
    if (st != STATUS_OK)
        return st;
    st = batch_from_reply(&reply, reply, max, ret_batch);
    if (reply)
        redis_reply_free(reply);
    return st;
}

/* XPENDING's [[id, consumer, idle, deliveries]]. */
static struct queue_holder holder_of(const redisReply *pending)
{
    struct queue_holder holder = { 0 };
    const redisReply *row = pending->type == REDIS_REPLY_ARRAY && pending->elements > 0
                                ? pending->element[0]
                                : NULL;
    if (!row || row->elements < 4 || row->element[1]->type != REDIS_REPLY_STRING)
        return holder;
    snprintf(holder.name, sizeof holder.name, "%s", row->element[1]->str);
    if (row->element[2]->type == REDIS_REPLY_INTEGER)
        holder.idle_ms = row->element[2]->integer;
    if (row->element[3]->type == REDIS_REPLY_INTEGER)
        holder.deliveries = row->element[3]->integer;
    return holder;
}

enum status queue_browse_holder(struct redis_link *link, const struct queue_conf *conf,
                                struct slice entry_id, struct queue_holder *ret_holder)
{
    struct redis_command cmd;
    redis_command_set(&cmd, (const char *[]){ "XPENDING", conf->key, conf->group }, 3);
    redis_command_add_slice(&cmd, entry_id);
    redis_command_add_slice(&cmd, entry_id);
    redis_command_add(&cmd, "1");
    redisReply *reply = NULL;
    enum status st = redis_link_open(link);
    if (st == STATUS_OK)
        st = redis_link_call(link, &cmd, 0, &reply);
    if (st != STATUS_OK)
        return st;
    *ret_holder = holder_of(reply);
    redis_reply_free(reply);
    return st;
}

enum status queue_browse_put(struct redis_link *link, const struct queue_conf *conf,
                             const struct queue_entry *entry)
{
    char sent[NUMBER_MAX], received[NUMBER_MAX];
    snprintf(sent, sizeof(sent), "%" PRId64, entry->sent_s);
    snprintf(received, sizeof(received), "%" PRId64, entry->received_ms);
    const struct {
        const char *name;
        struct slice value;
    } fields[] = {
        { STREAM_FIELD_ID, entry->svix_id }, { STREAM_FIELD_TYPE, entry->type },
        { STREAM_FIELD_TS, slice_of(sent) }, { STREAM_FIELD_RECEIVED, slice_of(received) },
        { STREAM_FIELD_BODY, entry->body },
    };
    struct redis_command cmd;
    redis_command_set(&cmd, (const char *[]){ "XADD", conf->key, "*" }, 3);
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        redis_command_add(&cmd, fields[i].name);
        redis_command_add_slice(&cmd, fields[i].value);
    }
    redisReply *reply = NULL;
    enum status st = redis_link_open(link);
    if (st == STATUS_OK)
        st = redis_link_call(link, &cmd, 0, &reply);
    if (st == STATUS_OK)
        redis_reply_free(reply);
    return st;
}
