#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "worker/queue_entry.h"
#include "worker/queue_reader.h"
#include "worker/redis_reply_arena.h"

/* The worker's side of Redis: any bytes as a server's replies, through hiredis' own parser and the
 * arena the worker keeps them in. Whatever comes out becomes a batch whose slices lie in the reply,
 * or nothing. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { DIGITS_MAX = 4 };

static unsigned sink;

static void read_all(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        sink += (unsigned char)text.ptr[i];
}

static void read_entry(const struct queue_entry *entry)
{
    read_all(entry->entry_id);
    read_all(entry->svix_id);
    read_all(entry->type);
    read_all(entry->body);
    if (entry_id_ms(entry->entry_id) < 0 || entry->deliveries < INT64_MIN)
        abort();
}

/* XREADGROUP has the entries in [[key, entries]], XAUTOCLAIM in [cursor, entries, …]. */
static const redisReply *entries_of(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return NULL;
    if (reply->elements == 1 && reply->element[0]->elements == 2)
        return reply->element[0]->element[1];
    return reply->elements >= 2 ? reply->element[1] : NULL;
}

static void make_batch(redisReply *reply, const redisReply *pending)
{
    struct batch batch = { 0 };

    if (batch_from_reply(&reply, entries_of(reply), QUEUE_BATCH_MAX, &batch) != STATUS_OK)
        abort();
    if (pending)
        batch_set_deliveries(&batch, pending);
    for (size_t i = 0; i < batch.count; i++)
        read_entry(&batch.entries[i]);
    batch_release(&batch);
}

/* hiredis allocates whatever number of elements a server announces; ours is trusted not to boast.
 */
static bool is_boasting(struct slice text)
{
    size_t digits = 0;
    bool counting = false;

    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        digits = counting && is_digit ? digits + 1 : 0;
        counting = text.ptr[i] == '*' || (counting && is_digit);
        if (digits > DIGITS_MAX)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    redisReader *reader = NULL;
    void *first = NULL;
    void *second = NULL;

    if (is_boasting((struct slice){ (const char *)bytes, size }))
        return 0;
    reader = redisReaderCreate();
    if (!reader)
        abort();
    redis_reply_arena_use(reader);
    if (redisReaderFeed(reader, (const char *)bytes, size) == REDIS_OK &&
        redisReaderGetReply(reader, &first) == REDIS_OK && first) {
        (void)redisReaderGetReply(reader, &second);
        make_batch(first, second);
    }
    redis_reply_free(second);
    redisReaderFree(reader);
    return 0;
}
