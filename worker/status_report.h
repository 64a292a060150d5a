#ifndef CLERK_STATUS_REPORT_H
#define CLERK_STATUS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/status.h"
#include "worker/queue_state.h"
#include "worker/redis_link.h"
#include "worker/store_read.h"

struct worker_conf;

/* The state of the whole at one moment: what `clerk-worker status` shows, gathered apart from any
 * way of showing it. */

enum { STATUS_TYPES_MAX = 80, STATUS_TYPE_TEXT_MAX = 128, STATUS_RECENT_MS = 60000 };

struct status_type {
    char type[STATUS_TYPE_TEXT_MAX + 1];
    int64_t last_ms; /* when its last event was processed */
    int64_t count;   /* among the last STORE_TYPES_WINDOW events */
};

struct status_report {
    /* wall clock at the beginning of the look */
    int64_t now_ms;
    /* the setting CLAIM_IDLE_MS, for judging consumers */
    int64_t claim_idle_ms;

    /* Redis. has_queue false: it does not answer, queue_why says why in one line, and queue is not
     * whole. */
    bool has_queue;
    char queue_why[REDIS_LINK_WHY_MAX];
    struct queue_state queue;

    /* The database. has_store false: store_why says why, counts and types are not whole; with
     * store_late it is no trouble, there is none yet. counts are recent within STATUS_RECENT_MS. */
    bool has_store;
    bool store_late;
    char store_why[STORE_ERROR_MAX];
    struct store_counts counts;
    /* the type of the latest event first; more than STATUS_TYPES_MAX are left out */
    struct status_type types[STATUS_TYPES_MAX];
    size_t type_count;

    /* Entries that came in since the look before, in ten seconds. has_rate: false at the first look
     * of a source and when the stream began anew in between. */
    bool has_rate;
    int64_t added_per_10_s;
};

/* Where reports come from: connections that are kept between looks. */
struct status_source;

/* A source that has looked at nothing yet. conf and clock are borrowed until status_source_free().
 * NULL: no memory. */
struct status_source *status_source_new(const struct worker_conf *conf, const struct clock *clock);

/* Looks at Redis and the database; what is away is a fact of the report, no failure, and is looked
 * for anew the next time. Changes nothing, and holds up no worker. Blocks, for some seconds where
 * something hangs. */
void status_source_look(struct status_source *source, struct status_report *ret_report);

/* Its connection to Redis and what it says of the queue, for others who look; borrowed. */
struct redis_link *status_source_link(struct status_source *source);
const struct queue_conf *status_source_queue(const struct status_source *source);

/* Its database, opened to read; borrowed until the next call. Statuses of store_open_to_read(), and
 * ret_why on any failure. */
enum status status_source_store(struct status_source *source, struct store **ret_store,
                                char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

/* Closes. NULL is fine. */
void status_source_free(struct status_source *source);

#endif
