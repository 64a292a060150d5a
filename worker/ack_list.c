#include "worker/ack_list.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "worker/redis_link.h"
#include "worker/redis_reply_arena.h"

enum { ACK_LIST_ANSWERS = 2 };

void ack_list_add(struct ack_list *list, struct slice entry_id)
{
    assert(list->count < ACK_LIST_MAX);
    snprintf(list->ids[list->count++], QUEUE_ENTRY_ID_MAX + 1, "%.*s", SLICE_ARG(entry_id));
}

/* A command of these words, followed by the ids to be sent. */
static enum status append(struct ack_list *list, struct redis_link *link, const char *const words[],
                          size_t count)
{
    struct redis_command cmd;
    redis_command_set(&cmd, words, count);
    for (size_t i = 0; i < list->sent; i++)
        redis_command_add(&cmd, list->ids[i]);
    return redis_link_append(link, &cmd);
}

/* Not in a MULTI: a full Redis refuses to queue anything, even what makes room. The order makes up
 * for it: if only the first is carried out, the entry is pending without content, and is
 * acknowledged when it comes back that way; the other way round it would stay for ever. */
enum status ack_list_send(struct ack_list *list, struct redis_link *link, const char *key,
                          const char *group)
{
    list->sent = list->count < QUEUE_BATCH_MAX ? list->count : QUEUE_BATCH_MAX;
    enum status st = append(list, link, (const char *[]){ "XDEL", key }, 2);
    if (st == STATUS_OK)
        st = append(list, link, (const char *[]){ "XACK", key, group }, 3);
    return st;
}

enum status ack_list_confirm(struct ack_list *list, struct redis_link *link)
{
    for (int i = 0; i < ACK_LIST_ANSWERS; i++) {
        redisReply *reply = NULL;
        enum status st = redis_link_reply(link, 0, &reply);
        if (st != STATUS_OK)
            return st;
        redis_reply_free(reply);
    }
    list->count -= list->sent;
    memmove(list->ids, list->ids[list->sent], list->count * sizeof(list->ids[0]));
    list->sent = 0;
    return STATUS_OK;
}
