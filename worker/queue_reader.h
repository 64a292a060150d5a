#ifndef CLERK_QUEUE_READER_H
#define CLERK_QUEUE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/redis_url.h"
#include "common/slice.h"
#include "common/status.h"

/* The worker's end of the stream: one consumer of the group. Source: the Redis commands XREADGROUP,
 * XAUTOCLAIM, XPENDING, XACK and XDEL as of Redis 7.0. Not for two threads.
 *
 * Statuses of every call that returns one: STATUS_UNAVAILABLE, Redis is away or refuses, and
 * queue_reader_why() says why; call again after a pause, nothing is lost. STATUS_NO_MEMORY. */

struct queue_reader;
struct redis_link;
struct redisReply;

enum { QUEUE_BATCH_MAX = 2000, QUEUE_ENTRY_ID_MAX = 41 /* two 20-digit numbers and a dash */ };

struct queue_conf {
    /* All pointers are borrowed until queue_reader_free(). */
    const struct redis_url *url;
    const char *key;
    const char *group;
    /* this process' name in the group: no two that run at once may share one */
    const char *consumer;
    /* entries that another consumer has held this long are taken over */
    int64_t claim_idle_ms;
    const struct clock *clock;
};

/* One entry, borrowed from its batch. */
struct queue_entry {
    /* what Redis calls it, for acknowledging */
    struct slice entry_id;
    /* empty: the field is missing, and the entry was not written by ingest */
    struct slice svix_id;
    /* as ingest read it; empty where the body names none */
    struct slice type;
    struct slice body;
    /* svix-timestamp in Unix seconds, and ingest's wall clock in ms; 0: unknown */
    int64_t sent_s;
    int64_t received_ms;
    /* 1: never delivered before */
    int64_t deliveries;
    /* deleted from the stream while it was pending: only to be acknowledged */
    bool is_gone;
};

struct batch {
    /* count of them, oldest first */
    struct queue_entry *entries;
    size_t count;
    /* of all bodies */
    size_t bytes;
    /* what the slices above point into */
    struct redisReply *reply;
};

/* Connects to nothing yet. NULL: no memory. */
struct queue_reader *queue_reader_new(const struct queue_conf *conf);

/* Closes. Acknowledgements not yet sent are lost (their events come again and are duplicates). NULL
 * is fine. */
void queue_reader_free(struct queue_reader *qr);

/* Gives what was read ahead. Otherwise sends the acknowledgements owed, then waits up to wait_ms
 * for at most max (1..QUEUE_BATCH_MAX) entries. In this order of preference: what this consumer was
 * given before and never acknowledged (after a new connection), what dead consumers left
 * (XAUTOCLAIM, every quarter of claim_idle_ms), new entries. Creates the group where it is missing.
 * An empty batch with STATUS_OK means the wait ended quietly. Blocks. The batch is yours:
 * batch_release(). */
enum status queue_reader_next(struct queue_reader *qr, size_t max, int64_t wait_ms,
                              struct batch *ret_batch) MUST_CHECK;

/* Asks for the next batch of new entries, at most max, without waiting for it: Redis looks for it
 * while the one before is applied. The acknowledgements owed travel in front. For a queue that is
 * known to hold more; does nothing when it is time for what was delivered before, or the connection
 * is gone. Until
 * queue_reader_settle() nobody else may use the connection. Blocks only while the socket is full.
 */
void queue_reader_ahead(struct queue_reader *qr, size_t max);

/* Waits for what queue_reader_ahead() asked for and keeps it, and what went wrong, for
 * queue_reader_next(). Nothing to do when nothing was asked. Blocks. */
void queue_reader_settle(struct queue_reader *qr);

/* True when entries were read ahead, or are on their way: the next queue_reader_next() gives them.
 * A consumer that leaves without applying them leaves them to whoever claims them. */
bool queue_reader_holds(const struct queue_reader *qr);

/* Owes the acknowledgement of entries first..first+count of batch: they are committed. Copies the
 * ids; sends nothing. At most two batches of QUEUE_BATCH_MAX may be owed. */
void queue_reader_owe(struct queue_reader *qr, const struct batch *batch, size_t first,
                      size_t count);

/* Sends the acknowledgements owed now: XDEL and XACK. Blocks. */
enum status queue_reader_flush(struct queue_reader *qr) MUST_CHECK;

/* The connection, for queue_watch. Borrowed. */
struct redis_link *queue_reader_link(struct queue_reader *qr);

/* The reason of the last STATUS_UNAVAILABLE, one line. */
const char *queue_reader_why(const struct queue_reader *qr);

/* Frees and zeroes. {0} is fine. */
void batch_release(struct batch *batch);

#endif
