#include "worker/dead_order.h"

#include <stdio.h>

#include "worker/queue_reader.h"
#include "worker/redis_link.h"
#include "worker/store_read.h"
#include "worker/worker_conf.h"

static enum status change_with(const struct worker_conf *conf, const struct clock *clock,
                               const struct dead_order *order, struct store *store,
                               struct dead_result *result)
{
    struct queue_conf queue = { .url = &conf->redis_url,
                                .key = conf->stream_key,
                                .group = conf->stream_group,
                                .consumer = conf->name };
    struct dead_change change = {
        .store = store,
        .link = redis_link_new(&conf->redis_url),
        .queue = &queue,
        .clock = clock,
        .filter = order->filter,
        .svix_id = order->svix_id,
        .until_ms = order->until_ms,
        .ret_more = &result->has_more,
    };
    snprintf(result->why, sizeof result->why, "out of memory");
    enum status st = STATUS_NO_MEMORY;
    if (change.link)
        st = order->verb == DEAD_RETRY ? dead_retry(&change, &result->count, result->why)
                                       : dead_drop(&change, &result->count, result->why);
    redis_link_free(change.link);
    return st;
}

enum status dead_order_do(const struct worker_conf *conf, const struct clock *clock,
                          const struct dead_order *order, struct dead_result *ret_result)
{
    struct store_conf where = { .url = conf->database_url,
                                .delete_mode = (enum store_delete_mode)conf->delete_mode,
                                .beside_worker = order->beside_worker };
    struct store *store = NULL;
    *ret_result = (struct dead_result){ 0 };
    enum status st = store_open_to_read(where.url, &store, ret_result->why); /* creates nothing */
    store_close(store);
    store = NULL;
    if (st == STATUS_OK)
        st = store_open(&where, &store, ret_result->why);
    if (st == STATUS_OK)
        st = change_with(conf, clock, order, store, ret_result);
    store_close(store);
    return st;
}
