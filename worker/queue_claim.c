#include "worker/queue_claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "worker/queue_entry.h"
#include "worker/redis_link.h"
#include "worker/redis_reply_arena.h"

enum { CLAIM_CALLS_MAX = 8 /* XAUTOCLAIM calls in one round; the cursor goes on in the next */ };

bool queue_claim_is_due(const struct queue_claim *claim, const struct queue_conf *conf)
{
    return conf->clock->mono_ms() >= claim->next_ms;
}

enum status queue_claim_deliveries(const struct queue_conf *conf, struct redis_link *link,
                                   struct batch *batch)
{
    if (batch->count == 0)
        return STATUS_OK;
    struct redis_command cmd;
    char count[24];
    snprintf(count, sizeof(count), "%zu", batch->count);
    redis_command_set(&cmd, (const char *[]){ "XPENDING", conf->key, conf->group }, 3);
    redis_command_add_slice(&cmd, batch->entries[0].entry_id);
    redis_command_add_slice(&cmd, batch->entries[batch->count - 1].entry_id);
    redis_command_add(&cmd, count);
    redis_command_add(&cmd, conf->consumer);
    redisReply *reply = NULL;
    enum status st = redis_link_call(link, &cmd, 0, &reply);
    if (st != STATUS_OK)
        return st;
    batch_set_deliveries(batch, reply);
    redis_reply_free(reply);
    return STATUS_OK;
}

/* One XAUTOCLAIM: [next cursor, entries, deleted ids]. */
static enum status claim_some(struct queue_claim *claim, const struct queue_conf *conf,
                              struct redis_link *link, size_t max, struct batch *ret_batch)
{
    struct redis_command cmd;
    char idle[24];
    char count[24];
    snprintf(idle, sizeof(idle), "%" PRId64, conf->claim_idle_ms);
    snprintf(count, sizeof(count), "%zu", max);
    const char *words[] = { "XAUTOCLAIM",   conf->key, conf->group,
                            conf->consumer, idle,      claim->cursor[0] ? claim->cursor : "0-0",
                            "COUNT",        count };
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));
    redisReply *reply = NULL;
    enum status st = redis_link_call(link, &cmd, 0, &reply);
    if (st != STATUS_OK)
        return st;
    const redisReply *entries = NULL;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2) {
        snprintf(claim->cursor, sizeof(claim->cursor), "%s",
                 reply->element[0]->str ? reply->element[0]->str : "0-0");
        entries = reply->element[1];
    }
    return batch_from_reply(&reply, entries, max, ret_batch);
}

enum status queue_claim_take(struct queue_claim *claim, const struct queue_conf *conf,
                             struct redis_link *link, size_t max, struct batch *ret_batch)
{
    for (int i = 0; i < CLAIM_CALLS_MAX; i++) {
        enum status st = claim_some(claim, conf, link, max, ret_batch);
        if (st != STATUS_OK || ret_batch->count > 0)
            return st;
        if (strcmp(claim->cursor, "0-0") == 0) {
            claim->next_ms = conf->clock->mono_ms() + conf->claim_idle_ms / 4;
            return STATUS_OK;
        }
        batch_release(ret_batch);
    }
    return STATUS_OK;
}
