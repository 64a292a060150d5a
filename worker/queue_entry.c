#include "worker/queue_entry.h"

#include <stdlib.h>

#include <hiredis/hiredis.h>

#include "common/stream.h"
#include "worker/redis_reply_arena.h"

static struct slice text_of(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
        return (struct slice){ NULL, 0 };
    return (struct slice){ reply->str, (size_t)reply->len };
}

static bool is_list(const redisReply *reply, size_t at_least)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements >= at_least;
}

int64_t entry_id_ms(struct slice entry_id)
{
    int64_t ms = 0;
    struct slice head = { entry_id.ptr, slice_find(entry_id, '-') };
    return slice_to_i64(head, 0, INT64_MAX, &ms) ? ms : 0;
}

static void set_field(struct queue_entry *entry, struct slice name, struct slice value)
{
    if (slice_equals(name, SLICE(STREAM_FIELD_ID)))
        entry->svix_id = value;
    else if (slice_equals(name, SLICE(STREAM_FIELD_TYPE)))
        entry->type = value;
    else if (slice_equals(name, SLICE(STREAM_FIELD_BODY)))
        entry->body = value;
    else if (slice_equals(name, SLICE(STREAM_FIELD_TS)))
        (void)slice_to_i64(value, 0, INT64_MAX / 1000, &entry->sent_s);
    else if (slice_equals(name, SLICE(STREAM_FIELD_RECEIVED)))
        (void)slice_to_i64(value, 0, INT64_MAX, &entry->received_ms);
}

static void read_entry(const redisReply *reply, struct queue_entry *entry)
{
    entry->deliveries = 1;
    entry->entry_id = text_of(reply->element[0]);
    const redisReply *fields = reply->element[1];
    entry->is_gone = fields->type == REDIS_REPLY_NIL;
    if (!is_list(fields, 2))
        return;
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        set_field(entry, text_of(fields->element[i]), text_of(fields->element[i + 1]));
}

enum status batch_from_reply(redisReply **reply, const redisReply *entries, size_t max,
                             struct batch *ret_batch)
{
    struct batch batch = { 0 };
    if (is_list(entries, 1)) {
        batch.entries = calloc(entries->elements, sizeof(*batch.entries));
        if (!batch.entries) {
            redis_reply_free(*reply);
            *reply = NULL;
            return STATUS_NO_MEMORY;
        }
    }
    for (size_t i = 0; batch.entries && i < entries->elements && batch.count < max; i++) {
        if (!is_list(entries->element[i], 2))
            continue;
        read_entry(entries->element[i], &batch.entries[batch.count]);
        batch.bytes += batch.entries[batch.count++].body.len;
    }
    batch.reply = *reply;
    *reply = NULL;
    *ret_batch = batch;
    return STATUS_OK;
}

/* Both lists are in the order of their ids, so one walk over each is enough. */
void batch_set_deliveries(struct batch *batch, const redisReply *pending)
{
    size_t at = 0;
    for (size_t i = 0; is_list(pending, 1) && i < pending->elements; i++) {
        const redisReply *row = pending->element[i];
        if (!is_list(row, 4) || row->element[3]->type != REDIS_REPLY_INTEGER)
            continue;
        struct slice id = text_of(row->element[0]);
        for (size_t k = at; k < batch->count; k++) {
            if (!slice_equals(batch->entries[k].entry_id, id))
                continue;
            batch->entries[k].deliveries = row->element[3]->integer;
            at = k + 1;
            break;
        }
    }
}

void batch_release(struct batch *batch)
{
    free(batch->entries);
    if (batch->reply)
        redis_reply_free(batch->reply);
    *batch = (struct batch){ 0 };
}
