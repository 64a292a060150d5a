#include "worker/queue_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/fault.h"
#include "common/log.h"
#include "worker/ack_list.h"
#include "worker/queue_entry.h"
#include "worker/redis_link.h"

enum { CLAIM_CALLS_MAX = 8 /* XAUTOCLAIM calls in one round; the cursor goes on in the next */ };

struct queue_reader {
    struct queue_conf conf;
    struct redis_link *link;
    struct redis_place master; /* the last one that sentinels led to; no host: none yet */
    int64_t generation;        /* of the connection for which the group was made sure of */
    bool has_history;          /* entries may be pending under our name that we do not hold */
    int64_t next_claim_ms;     /* when to look for what dead consumers left */
    char claim_cursor[QUEUE_ENTRY_ID_MAX + 1];
    struct ack_list owed;
};

struct queue_reader *queue_reader_new(const struct queue_conf *conf)
{
    struct queue_reader *qr = calloc(1, sizeof(*qr));
    if (!qr)
        return NULL;
    qr->conf = *conf;
    qr->link = redis_link_new(conf->url);
    if (!qr->link) {
        free(qr);
        return NULL;
    }
    snprintf(qr->claim_cursor, sizeof(qr->claim_cursor), "0-0");
    return qr;
}

void queue_reader_free(struct queue_reader *qr)
{
    if (!qr)
        return;
    redis_link_free(qr->link);
    free(qr);
}

struct redis_link *queue_reader_link(struct queue_reader *qr)
{
    return qr->link;
}

const char *queue_reader_why(const struct queue_reader *qr)
{
    return redis_link_why(qr->link);
}

/* Starts a command whose first arguments are name, key and group. */
static void begin(const struct queue_reader *qr, struct redis_command *cmd, const char *name)
{
    redis_command_set(cmd, (const char *[]){ name, qr->conf.key, qr->conf.group }, 3);
}

static enum status create_group(struct queue_reader *qr)
{
    const char *words[] = { "XGROUP", "CREATE", qr->conf.key, qr->conf.group, "0", "MKSTREAM" };
    struct redis_command cmd;
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));
    redisReply *reply = NULL;
    enum status st = redis_link_call(qr->link, &cmd, 0, &reply);
    if (st == STATUS_OK)
        freeReplyObject(reply);
    return st;
}

/* Whether the group may well exist although it could not be created. A full Redis refuses to create
 * even what is there; reading and deleting it allows, and only that makes room again. */
static bool may_exist(const char *why)
{
    return strstr(why, "BUSYGROUP") || strstr(why, "OOM command not allowed");
}

static void note_master(struct queue_reader *qr)
{
    const struct redis_place *at = redis_link_place(qr->link);
    bool is_first = qr->master.host[0] == '\0';
    if (qr->conf.url->sentinel_count == 0 || redis_place_equals(at, &qr->master))
        return;
    qr->master = *at;
    if (!is_first)
        log_info("event=redis_master_changed address=%s port=%d action=going_on_there", at->host,
                 at->port);
}

static enum status ensure_open(struct queue_reader *qr)
{
    enum status st = redis_link_open(qr->link);
    if (st != STATUS_OK || redis_link_generation(qr->link) == qr->generation)
        return st;
    st = create_group(qr);
    /* The error that means success costs the connection, as every error reply does. */
    if (st == STATUS_UNAVAILABLE && may_exist(redis_link_why(qr->link)))
        st = redis_link_open(qr->link);
    if (st == STATUS_OK) {
        note_master(qr);
        qr->has_history = true;
        qr->generation = redis_link_generation(qr->link);
    }
    return st;
}

void queue_reader_owe(struct queue_reader *qr, const struct batch *batch, size_t first,
                      size_t count)
{
    assert(first + count <= batch->count);
    for (size_t i = first; i < first + count; i++)
        ack_list_add(&qr->owed, batch->entries[i].entry_id);
}

/* Puts the acknowledgements owed into the output buffer. */
static enum status send_acks(struct queue_reader *qr)
{
    FAULT_POINT("before_ack", slice_of(qr->owed.ids[0]));
    return ack_list_send(&qr->owed, qr->link, qr->conf.key, qr->conf.group);
}

static enum status confirm_acks(struct queue_reader *qr)
{
    enum status st = ack_list_confirm(&qr->owed, qr->link);
    if (st == STATUS_OK)
        FAULT_POINT("after_ack", SLICE(""));
    return st;
}

enum status queue_reader_flush(struct queue_reader *qr)
{
    if (qr->owed.count == 0)
        return STATUS_OK;
    enum status st = ensure_open(qr);
    if (st == STATUS_OK)
        st = send_acks(qr);
    return st == STATUS_OK ? confirm_acks(qr) : st;
}

/* Makes a batch of the entries inside reply; on failure frees it. */
static enum status adopt(redisReply *reply, const redisReply *entries, size_t max,
                         struct batch *ret_batch)
{
    enum status st = batch_from_reply(&reply, entries, max, ret_batch);
    if (reply)
        freeReplyObject(reply);
    return st;
}

/* XREADGROUP from a position: ">" for new entries, "0" for our own unacknowledged ones.
 * Acknowledgements owed travel in front. */
static enum status read_group(struct queue_reader *qr, size_t max, int64_t wait_ms,
                              const char *from, struct batch *ret_batch)
{
    bool with_acks = qr->owed.count > 0;
    char count[24];
    char block[24];
    snprintf(count, sizeof(count), "%zu", max);
    snprintf(block, sizeof(block), "%" PRId64,
             wait_ms > 0 ? wait_ms : 1); /* BLOCK 0 would be for ever */
    const char *words[] = { "XREADGROUP", "GROUP", qr->conf.group, qr->conf.consumer, "COUNT",
                            count,        "BLOCK", block,          "STREAMS",         qr->conf.key,
                            from };
    struct redis_command cmd;
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));

    enum status st = with_acks ? send_acks(qr) : STATUS_OK;
    if (st == STATUS_OK)
        st = redis_link_append(qr->link, &cmd);
    if (st == STATUS_OK && with_acks)
        st = confirm_acks(qr);
    redisReply *reply = NULL;
    if (st == STATUS_OK)
        st = redis_link_reply(qr->link, wait_ms, &reply);
    if (st != STATUS_OK)
        return st;
    /* [[key, entries]], or nil when the wait ended quietly */
    const redisReply *entries = NULL;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        entries = reply->element[0]->element[1];
    return adopt(reply, entries, max, ret_batch);
}

/* How often the entries of a batch of ours were delivered, in one question. */
static enum status ask_deliveries(struct queue_reader *qr, struct batch *batch)
{
    if (batch->count == 0)
        return STATUS_OK;
    struct redis_command cmd;
    char count[24];
    snprintf(count, sizeof(count), "%zu", batch->count);
    begin(qr, &cmd, "XPENDING");
    redis_command_add_slice(&cmd, batch->entries[0].entry_id);
    redis_command_add_slice(&cmd, batch->entries[batch->count - 1].entry_id);
    redis_command_add(&cmd, count);
    redis_command_add(&cmd, qr->conf.consumer);
    redisReply *reply = NULL;
    enum status st = redis_link_call(qr->link, &cmd, 0, &reply);
    if (st != STATUS_OK)
        return st;
    batch_set_deliveries(batch, reply);
    freeReplyObject(reply);
    return STATUS_OK;
}

/* One XAUTOCLAIM: [next cursor, entries, deleted ids]. */
static enum status claim_some(struct queue_reader *qr, size_t max, struct batch *ret_batch)
{
    struct redis_command cmd;
    char idle[24];
    char count[24];
    snprintf(idle, sizeof(idle), "%" PRId64, qr->conf.claim_idle_ms);
    snprintf(count, sizeof(count), "%zu", max);
    const char *words[] = { "XAUTOCLAIM", qr->conf.key,     qr->conf.group, qr->conf.consumer,
                            idle,         qr->claim_cursor, "COUNT",        count };
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));
    redisReply *reply = NULL;
    enum status st = redis_link_call(qr->link, &cmd, 0, &reply);
    if (st != STATUS_OK)
        return st;
    const redisReply *entries = NULL;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2) {
        snprintf(qr->claim_cursor, sizeof(qr->claim_cursor), "%s",
                 reply->element[0]->str ? reply->element[0]->str : "0-0");
        entries = reply->element[1];
    }
    return adopt(reply, entries, max, ret_batch);
}

/* Goes through the pending entries of the whole group until something was claimed or the end is
 * reached. */
static enum status claim(struct queue_reader *qr, size_t max, struct batch *ret_batch)
{
    for (int i = 0; i < CLAIM_CALLS_MAX; i++) {
        enum status st = claim_some(qr, max, ret_batch);
        if (st != STATUS_OK || ret_batch->count > 0)
            return st;
        if (strcmp(qr->claim_cursor, "0-0") == 0) {
            qr->next_claim_ms = qr->conf.clock->mono_ms() + qr->conf.claim_idle_ms / 4;
            return STATUS_OK;
        }
        batch_release(ret_batch);
    }
    return STATUS_OK;
}

/* What was delivered before: our own history first, then what others left. */
static enum status read_redelivered(struct queue_reader *qr, size_t max, struct batch *batch)
{
    enum status st = STATUS_OK;
    if (qr->has_history) {
        st = read_group(qr, max, 0, "0", batch);
        if (st == STATUS_OK && batch->count == 0)
            qr->has_history = false;
    }
    if (st == STATUS_OK && batch->count == 0 && qr->conf.clock->mono_ms() >= qr->next_claim_ms) {
        batch_release(batch);
        st = claim(qr, max, batch);
    }
    return st == STATUS_OK ? ask_deliveries(qr, batch) : st;
}

enum status queue_reader_next(struct queue_reader *qr, size_t max, int64_t wait_ms,
                              struct batch *ret_batch)
{
    struct batch batch = { 0 };
    enum status st = ensure_open(qr);
    /* Owed entries are still in our history; reading it before they are acknowledged would bring
     * them again. */
    if (st == STATUS_OK && (qr->has_history || qr->conf.clock->mono_ms() >= qr->next_claim_ms)) {
        st = queue_reader_flush(qr);
        if (st == STATUS_OK)
            st = read_redelivered(qr, max, &batch);
    }
    if (st == STATUS_OK && batch.count == 0) {
        batch_release(&batch);
        st = read_group(qr, max, wait_ms, ">", &batch);
    }
    if (st != STATUS_OK) {
        batch_release(&batch);
        return st;
    }
    *ret_batch = batch;
    return STATUS_OK;
}
