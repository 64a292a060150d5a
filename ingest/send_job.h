#ifndef CLERK_SEND_JOB_H
#define CLERK_SEND_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/buf.h"
#include "common/status.h"
#include "ingest/base62.h"
#include "ingest/send_client.h"

struct event;
struct send_args;
struct send_chain;
struct send_turn;
struct signature_keys;

/* One delivery from its first post to its last answer: a body under a svix-id, posted as often as
 * it takes, each time with a fresh timestamp, as Svix does. */

enum {
    SEND_BODY_MAX_BYTES = 32 * 1024 * 1024, /* a file and what overrides add to it */
    SEND_RETRY_FIRST_MS = 100,              /* doubling up to */
    SEND_RETRY_LAST_MS = 2000,
    SEND_TRIES_MAX = 60, /* posts: about two minutes of outage */
    SEND_ID_MAX = 11 /* msg_poison_ */ + BASE62_ID_LEN,
};

struct send_job {
    /* The owner's: its lists, itself for callbacks, and a timer that is freed with the job (NULL:
     * none). */
    TAILQ_ENTRY(send_job) entry;
    void *owner;
    struct event *timer;
    /* the svix-id, NUL-terminated; stays the same over all posts */
    char id[SEND_ID_MAX + 1];
    /* rendered once, as it goes over the wire */
    struct buf body;
    /* the last one; the owner sets it, send_job_may_retry() goes by it */
    struct send_answer answer;
    /* posts made; the owner sets it to 0 to begin a second delivery of the same event */
    int tries;
    /* the owner's note: the delivery is to be made a second time */
    bool is_doubled;
};

/* Renders turn (see send_item_render()) under a fresh svix-id made from seed: "msg_…", or
 * "msg_poison_…" for a body that can only become a dead letter. The job is yours until
 * send_job_free(). Statuses of send_item_render(); STATUS_NO_MEMORY. */
enum status send_job_new(const struct send_args *args, const struct send_turn *turn,
                         struct send_chain *chain, uint64_t seed,
                         struct send_job **ret_job) MUST_CHECK;

/* Signs with the time of now (args may ask to do that wrongly) and posts over an idle connection;
 * done(answer, job) follows, later and from the loop. STATUS_INVALID: the time cannot be signed;
 * STATUS_NO_MEMORY. Nothing was posted then, and done will not be called. */
enum status send_job_post(struct send_job *job, const struct send_args *args,
                          struct signature_keys *keys, struct send_client *client,
                          send_done_fn *done) MUST_CHECK;

/* True when the last answer is one that Svix would repeat the post for, and a person would too:
 * 5xx, 429 or none at all; and there were fewer than SEND_TRIES_MAX. */
bool send_job_may_retry(const struct send_job *job);

/* How long to wait before the next try, in ms: SEND_RETRY_FIRST_MS after the first post, then
 * doubling up to SEND_RETRY_LAST_MS. */
int64_t send_job_wait_ms(const struct send_job *job);

/* Frees. NULL is fine. Not while a post is under way. */
void send_job_free(struct send_job *job);

#endif
