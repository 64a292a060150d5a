#include "worker/worker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/fault.h"
#include "common/log.h"
#include "worker/processor.h"
#include "worker/queue_reader.h"
#include "worker/redis_link.h"
#include "worker/trouble.h"
#include "worker/upkeep.h"
#include "worker/worker_counters.h"

enum {
    BATCH_SLOW_START = 64,
    BATCH_BYTES_LOW =
        4 << 20, /* below: the next batch may be twice as long; four times this: half as long */
};

struct worker {
    const struct worker_conf *conf;
    const struct clock *clock;
    const volatile sig_atomic_t *stop;
    struct queue_reader *reader;
    struct store *store;
    struct upkeep *upkeep;
    struct trouble redis;
    struct trouble database;
    size_t batch_limit; /* follows the size of bodies, so that large ones do not fill memory */
    struct processor processor;
};

static void follow_size(struct worker *w, const struct batch *batch)
{
    if (batch->bytes > 4 * (size_t)BATCH_BYTES_LOW)
        w->batch_limit = w->batch_limit > 1 ? w->batch_limit / 2 : 1;
    else if (batch->count == w->batch_limit && batch->bytes < BATCH_BYTES_LOW)
        w->batch_limit *= 2;
    if (w->batch_limit > (size_t)w->conf->batch_size)
        w->batch_limit = (size_t)w->conf->batch_size;
}

static enum status turn(struct worker *w)
{
    struct batch batch = { 0 };
    enum status st = queue_reader_next(w->reader, w->batch_limit, w->conf->block_ms, &batch);
    FAULT_POINT("after_read", batch.count ? batch.entries[0].svix_id : SLICE(""));
    if (st == STATUS_UNAVAILABLE) {
        trouble_wait(&w->redis, queue_reader_why(w->reader));
        return STATUS_OK;
    }
    if (st != STATUS_OK)
        return st;
    trouble_over(&w->redis);
    bool is_full = batch.count == w->batch_limit;
    follow_size(w, &batch);
    if (is_full && !*w->stop)
        queue_reader_ahead(w->reader, w->batch_limit);
    st = processor_run(&w->processor, &batch);
    queue_reader_settle(w->reader);
    if (st == STATUS_OK)
        st = upkeep_turn(w->upkeep, batch.count == 0);
    if (st == STATUS_UNAVAILABLE)
        st = STATUS_OK; /* housekeeping can wait for the next turn */
    batch_release(&batch);
    return st;
}

static enum status open_store(struct worker *w)
{
    struct store_conf conf = {
        .url = w->conf->database_url,
        .delete_mode = (enum store_delete_mode)w->conf->delete_mode,
        .stop = w->stop,
    };
    char why[STORE_ERROR_MAX];
    for (;;) {
        enum status st = store_open(&conf, &w->store, why);
        if (st == STATUS_OK) {
            trouble_over(&w->database);
            return st;
        }
        if (st != STATUS_UNAVAILABLE) {
            if (st != STATUS_STOPPED)
                log_error("event=database_failed why=%s action=stopping", why);
            return st;
        }
        trouble_wait(&w->database, why);
        if (*w->stop)
            return STATUS_STOPPED;
    }
}

/* Everything that needs the database open. */
static enum status prepare(struct worker *w, const struct queue_conf *queue)
{
    w->processor = (struct processor){
        .conf = w->conf,
        .clock = w->clock,
        .stop = w->stop,
        .reader = w->reader,
        .store = w->store,
        .database = &w->database,
    };
    enum status st = processor_init(&w->processor);
    return st == STATUS_OK ? upkeep_new(w->conf, queue, w->clock, w->store, &w->database,
                                        queue_reader_link(w->reader), &w->upkeep)
                           : st;
}

static void leave(struct worker *w)
{
    if (w->upkeep && queue_reader_flush(w->reader) == STATUS_OK)
        upkeep_leave(w->upkeep);
    upkeep_free(w->upkeep);
    store_close(w->store);
    queue_reader_free(w->reader);
    processor_release(&w->processor);
}

enum status worker_run(const struct worker_conf *conf, const struct clock *clock,
                       const volatile sig_atomic_t *stop, struct notify *notify)
{
    struct queue_conf queue = {
        .url = &conf->redis_url,
        .key = conf->stream_key,
        .group = conf->stream_group,
        .consumer = conf->name,
        .claim_idle_ms = conf->claim_idle_ms,
        .clock = clock,
    };
    struct worker w = {
        .conf = conf,
        .clock = clock,
        .stop = stop,
        .redis = trouble_make("redis", WORKER_REDIS_UP, WORKER_REDIS_ERRORS, clock, stop),
        .database = trouble_make("database", WORKER_DB_UP, WORKER_DB_ERRORS, clock, stop),
        .batch_limit = conf->batch_size < BATCH_SLOW_START ? (size_t)conf->batch_size
                                                           : BATCH_SLOW_START,
    };
    w.redis.notify = notify;
    w.database.notify = notify;
    w.reader = queue_reader_new(&queue);
    enum status st = w.reader ? open_store(&w) : STATUS_NO_MEMORY;
    if (st == STATUS_OK)
        st = prepare(&w, &queue);
    if (st == STATUS_OK) {
        log_info("event=started consumer=%s database_schema=%d", conf->name,
                 (int)STORE_SCHEMA_VERSION);
        notify_ready(notify);
    }
    while (st == STATUS_OK && (!*stop || queue_reader_holds(w.reader))) {
        (void)notify_alive(notify, clock->mono_ms());
        st = turn(&w);
    }
    notify_stopping(notify);
    leave(&w);
    return st == STATUS_STOPPED ? STATUS_OK : st;
}
