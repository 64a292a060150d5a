#ifndef CLERK_PROCESSOR_H
#define CLERK_PROCESSOR_H

#include <signal.h>
#include <stddef.h>

#include "common/clock.h"
#include "common/status.h"
#include "worker/apply.h"
#include "worker/event.h"

struct batch;
struct queue_reader;
struct store;
struct trouble;
struct worker_conf;

/* Carries batches of stream entries into the database, and decides what becomes of those that make
 * trouble. */
struct processor {
    /* Set by the owner before processor_init(), all borrowed. */
    const struct worker_conf *conf;
    const struct clock *clock;
    /* ends waits for the database when it becomes non-zero */
    const volatile sig_atomic_t *stop;
    /* owed the acknowledgements */
    struct queue_reader *reader;
    struct store *store;
    /* where outages of the database are told and waited out */
    struct trouble *database;

    /* Made by processor_init(), conf->batch_size of each: the events of one transaction, what
     * became of them, and their places in the batch. */
    struct event *events;
    enum apply_result *results;
    size_t *places;
};

/* Allocates what one batch needs. STATUS_NO_MEMORY: processor_release() all the same. */
enum status processor_init(struct processor *p) MUST_CHECK;

/* Frees what processor_init() made. {0} is fine. */
void processor_release(struct processor *p);

/* Applies every entry of batch and owes the reader its acknowledgement. Ordinary entries go into
 * one transaction. An entry delivered for the third time or more may be the one that kills workers:
 * it runs alone, after a count of such attempts was committed, and becomes a dead letter when three
 * of them ended in death. While the database is away this waits and retries; the events are kept.
 * Logs dead letters, outages, and what stops it. Blocks. STATUS_STOPPED: the stop flag was seen
 * while waiting or between two lonely events; what is not owed stays pending in Redis.
 * STATUS_FATAL: a person must act (logged). STATUS_NO_MEMORY. */
enum status processor_run(struct processor *p, const struct batch *batch) MUST_CHECK;

#endif
