#include "worker/ack_list.h"

#include <assert.h>
#include <stdio.h>

#include <hiredis/hiredis.h>

#include "worker/redis_link.h"

void ack_list_add(struct ack_list *list, struct slice entry_id)
{
    assert(list->count < QUEUE_BATCH_MAX);
    snprintf(list->ids[list->count++], QUEUE_ENTRY_ID_MAX + 1, "%.*s", SLICE_ARG(entry_id));
}

/* A command of these words, followed by all ids if with_ids. */
static enum status append(struct ack_list *list, struct redis_link *link, const char *const words[],
                          size_t count, bool with_ids)
{
    struct redis_command cmd;
    redis_command_set(&cmd, words, count);
    for (size_t i = 0; with_ids && i < list->count; i++)
        redis_command_add(&cmd, list->ids[i]);
    return redis_link_append(link, &cmd);
}

enum status ack_list_send(struct ack_list *list, struct redis_link *link, const char *key,
                          const char *group)
{
    enum status st = append(list, link, (const char *[]){ "MULTI" }, 1, false);
    if (st == STATUS_OK)
        st = append(list, link, (const char *[]){ "XACK", key, group }, 3, true);
    if (st == STATUS_OK)
        st = append(list, link, (const char *[]){ "XDEL", key }, 2, true);
    if (st == STATUS_OK)
        st = append(list, link, (const char *[]){ "EXEC" }, 1, false);
    return st;
}

enum status ack_list_confirm(struct ack_list *list, struct redis_link *link)
{
    for (int i = 0; i < 4; i++) {
        redisReply *reply = NULL;
        enum status st = redis_link_reply(link, 0, &reply);
        if (st != STATUS_OK)
            return st;
        freeReplyObject(reply);
    }
    list->count = 0;
    return STATUS_OK;
}
