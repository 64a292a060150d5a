#include "worker/status_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/worker_conf.h"

struct status_source {
    const struct worker_conf *conf;
    const struct clock *clock;
    struct queue_conf queue;
    struct redis_link *link;
    struct store *store; /* NULL: not open */
    bool no_config;      /* this Redis user may not CONFIG GET */
    bool has_last;
    int64_t last_ms; /* monotonic, of the last look at the stream */
    int64_t last_added;
};

struct status_source *status_source_new(const struct worker_conf *conf, const struct clock *clock)
{
    struct status_source *source = calloc(1, sizeof(*source));
    if (!source)
        return NULL;
    *source = (struct status_source){
        .conf = conf,
        .clock = clock,
        .queue = { .url = &conf->redis_url,
                   .key = conf->stream_key,
                   .group = conf->stream_group,
                   .consumer = conf->name,
                   .claim_idle_ms = conf->claim_idle_ms,
                   .clock = clock },
        .link = redis_link_new(&conf->redis_url),
    };
    if (source->link)
        return source;
    free(source);
    return NULL;
}

void status_source_free(struct status_source *source)
{
    if (!source)
        return;
    redis_link_free(source->link);
    store_close(source->store);
    free(source);
}

static void note_rate(struct status_source *source, struct status_report *report)
{
    int64_t now_ms = source->clock->mono_ms();
    int64_t added = report->queue.added;
    int64_t span_ms = now_ms - source->last_ms;
    report->has_rate = source->has_last && span_ms > 0 && added >= source->last_added;
    if (report->has_rate)
        report->added_per_10_s = (added - source->last_added) * 10000 / span_ms;
    source->has_last = true;
    source->last_ms = now_ms;
    source->last_added = added;
}

static void look_at_queue(struct status_source *source, struct status_report *report)
{
    enum status st = queue_state_read(source->link, &source->queue, report->now_ms,
                                      &source->no_config, &report->queue);
    report->has_queue = st == STATUS_OK;
    if (report->has_queue)
        note_rate(source, report);
    else
        snprintf(report->queue_why, sizeof(report->queue_why), "%s", redis_link_why(source->link));
}

static void add_type(void *arg, struct slice type, int64_t last_ms, int64_t count)
{
    struct status_report *report = arg;
    if (report->type_count == STATUS_TYPES_MAX)
        return;
    struct status_type *t = &report->types[report->type_count++];
    size_t len = type.len <= STATUS_TYPE_TEXT_MAX ? type.len : STATUS_TYPE_TEXT_MAX;
    if (len > 0)
        memcpy(t->type, type.ptr, len);
    t->type[len] = '\0';
    t->last_ms = last_ms;
    t->count = count;
}

struct redis_link *status_source_link(struct status_source *source)
{
    return source->link;
}

const struct queue_conf *status_source_queue(const struct status_source *source)
{
    return &source->queue;
}

static enum status lose_store(struct status_source *source, enum status st,
                              char ret_why[STORE_ERROR_MAX])
{
    snprintf(ret_why, STORE_ERROR_MAX, "%s", store_why(source->store));
    store_close(source->store);
    source->store = NULL;
    return st;
}

enum status status_source_store(struct status_source *source, struct store **ret_store,
                                char ret_why[STORE_ERROR_MAX])
{
    enum status st = STATUS_OK;
    if (!source->store)
        st = store_open_to_read(source->conf->database_url, &source->store, ret_why);
    if (st != STATUS_OK)
        return st;
    st = store_ping(source->store); /* notices that the file was replaced */
    if (st != STATUS_OK)
        return lose_store(source, st, ret_why);
    *ret_store = source->store;
    return st;
}

static void look_at_store(struct status_source *source, struct status_report *report)
{
    struct store *store = NULL;
    enum status st = status_source_store(source, &store, report->store_why);
    report->store_late = st == STATUS_NOT_FOUND;
    if (st != STATUS_OK)
        return;
    st = store_count(store, report->now_ms - STATUS_RECENT_MS, &report->counts);
    if (st == STATUS_OK)
        st = store_each_type(store, add_type, report);
    report->has_store = st == STATUS_OK;
    if (st != STATUS_OK)
        (void)lose_store(source, st, report->store_why);
}

void status_source_look(struct status_source *source, struct status_report *ret_report)
{
    memset(ret_report, 0, sizeof(*ret_report));
    ret_report->now_ms = source->clock->wall_ms();
    ret_report->claim_idle_ms = source->conf->claim_idle_ms;
    look_at_queue(source, ret_report);
    look_at_store(source, ret_report);
}
