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
#include "worker/queue_claim.h"
#include "worker/queue_entry.h"
#include "worker/redis_link.h"
#include "worker/redis_reply_arena.h"

struct queue_reader {
    struct queue_conf conf;
    struct redis_link *link;
    struct redis_place master; /* the last one that sentinels led to; no host: none yet */
    int64_t generation;        /* of the connection for which the group was made sure of */
    bool has_history;          /* entries may be pending under our name that we do not hold */
    struct queue_claim claim;
    struct ack_list owed;
    size_t ahead_max;   /* of the read that is under way; 0: none is */
    struct batch ahead; /* what it brought */
    enum status ahead_status;
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
    return qr;
}

void queue_reader_free(struct queue_reader *qr)
{
    if (!qr)
        return;
    batch_release(&qr->ahead);
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

static enum status create_group(struct queue_reader *qr)
{
    const char *words[] = { "XGROUP", "CREATE", qr->conf.key, qr->conf.group, "0", "MKSTREAM" };
    struct redis_command cmd;
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));
    redisReply *reply = NULL;
    enum status st = redis_link_call(qr->link, &cmd, 0, &reply);
    if (st == STATUS_OK)
        redis_reply_free(reply);
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
    queue_reader_settle(qr);
    enum status st = STATUS_OK;
    while (st == STATUS_OK && qr->owed.count > 0) {
        st = ensure_open(qr);
        if (st == STATUS_OK)
            st = send_acks(qr);
        if (st == STATUS_OK)
            st = confirm_acks(qr);
    }
    return st;
}

/* Puts an XREADGROUP into the output buffer, with the acknowledgements owed in front. From ">" come
 * new entries, from "0" our own unacknowledged ones. wait_ms 0: not at all. */
static enum status send_read(struct queue_reader *qr, size_t max, int64_t wait_ms, const char *from)
{
    char count[24];
    char block[24];
    snprintf(count, sizeof(count), "%zu", max);
    snprintf(block, sizeof(block), "%" PRId64, wait_ms);
    const char *words[] = {
        "XREADGROUP", "GROUP", qr->conf.group, qr->conf.consumer, "COUNT", count
    };
    struct redis_command cmd;
    redis_command_set(&cmd, words, sizeof(words) / sizeof(*words));
    if (wait_ms > 0) { /* BLOCK 0 would be for ever */
        redis_command_add(&cmd, "BLOCK");
        redis_command_add(&cmd, block);
    }
    redis_command_add(&cmd, "STREAMS");
    redis_command_add(&cmd, qr->conf.key);
    redis_command_add(&cmd, from);
    enum status st = qr->owed.count > 0 ? send_acks(qr) : STATUS_OK;
    return st == STATUS_OK ? redis_link_append(qr->link, &cmd) : st;
}

/* Reads the answers to send_read(). */
static enum status take_read(struct queue_reader *qr, size_t max, int64_t wait_ms,
                             struct batch *ret_batch)
{
    redisReply *reply = NULL;
    enum status st = qr->owed.sent > 0 ? confirm_acks(qr) : STATUS_OK;
    if (st == STATUS_OK)
        st = redis_link_reply(qr->link, wait_ms, &reply);
    if (st != STATUS_OK)
        return st;
    /* [[key, entries]], or nil when the wait ended quietly */
    const redisReply *entries = NULL;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        entries = reply->element[0]->element[1];
    return batch_from_reply(&reply, entries, max, ret_batch);
}

static enum status read_group(struct queue_reader *qr, size_t max, int64_t wait_ms,
                              const char *from, struct batch *ret_batch)
{
    enum status st = send_read(qr, max, wait_ms, from);
    return st == STATUS_OK ? take_read(qr, max, wait_ms, ret_batch) : st;
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
    if (st == STATUS_OK && batch->count == 0 && queue_claim_is_due(&qr->claim, &qr->conf)) {
        batch_release(batch);
        st = queue_claim_take(&qr->claim, &qr->conf, qr->link, max, batch);
    }
    return st == STATUS_OK ? queue_claim_deliveries(&qr->conf, qr->link, batch) : st;
}

static bool looks_back(const struct queue_reader *qr)
{
    return qr->has_history || queue_claim_is_due(&qr->claim, &qr->conf);
}

static enum status read_now(struct queue_reader *qr, size_t max, int64_t wait_ms,
                            struct batch *batch)
{
    enum status st = ensure_open(qr);
    /* Owed entries are still in our history; reading it before they are acknowledged would bring
     * them again. */
    if (st == STATUS_OK && looks_back(qr)) {
        st = queue_reader_flush(qr);
        if (st == STATUS_OK)
            st = read_redelivered(qr, max, batch);
    }
    if (st == STATUS_OK && batch->count == 0) {
        batch_release(batch);
        st = read_group(qr, max, wait_ms, ">", batch);
    }
    return st;
}

enum status queue_reader_next(struct queue_reader *qr, size_t max, int64_t wait_ms,
                              struct batch *ret_batch)
{
    queue_reader_settle(qr);
    struct batch batch = qr->ahead;
    enum status st = qr->ahead_status;
    qr->ahead = (struct batch){ 0 };
    qr->ahead_status = STATUS_OK;
    if (st == STATUS_OK && batch.count == 0) {
        batch_release(&batch);
        st = read_now(qr, max, wait_ms, &batch);
    }
    if (st != STATUS_OK) {
        batch_release(&batch);
        return st;
    }
    *ret_batch = batch;
    return STATUS_OK;
}

void queue_reader_ahead(struct queue_reader *qr, size_t max)
{
    if (looks_back(qr) || send_read(qr, max, 0, ">") != STATUS_OK)
        return;
    if (redis_link_send(qr->link) == STATUS_OK)
        qr->ahead_max = max;
}

void queue_reader_settle(struct queue_reader *qr)
{
    if (qr->ahead_max > 0)
        qr->ahead_status = take_read(qr, qr->ahead_max, 0, &qr->ahead);
    qr->ahead_max = 0;
}

bool queue_reader_holds(const struct queue_reader *qr)
{
    return qr->ahead_max > 0 || qr->ahead.count > 0;
}
