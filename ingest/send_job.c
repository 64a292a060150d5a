#include "ingest/send_job.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "ingest/send_args.h"
#include "ingest/send_items.h"
#include "ingest/send_source.h"
#include "ingest/signature.h"

enum { TIMESTAMP_MAX = 24 };

enum status send_job_new(const struct send_args *args, const struct send_turn *turn,
                         struct send_chain *chain, uint64_t seed, struct send_job **ret_job)
{
    char random[BASE62_ID_LEN];
    struct send_job *job = calloc(1, sizeof(*job));
    if (!job)
        return STATUS_NO_MEMORY;
    base62_fill(seed, random, sizeof(random));
    snprintf(job->id, sizeof(job->id), "%s%.*s", args->poison ? "msg_poison_" : "msg_",
             BASE62_ID_LEN, random);
    job->body = buf_make(SEND_BODY_MAX_BYTES);
    enum status st = send_item_render(turn->item, args, turn->seed, turn->now_ms, chain,
                                      &job->body);
    if (st == STATUS_OK)
        *ret_job = job;
    else
        send_job_free(job);
    return st;
}

enum status send_job_post(struct send_job *job, const struct send_args *args,
                          struct signature_keys *keys, struct send_client *client,
                          send_done_fn *done)
{
    char timestamp[TIMESTAMP_MAX], signature[SIGNATURE_TEXT_LEN + 1];
    struct slice body = buf_slice(&job->body);
    snprintf(timestamp, sizeof(timestamp), "%" PRId64,
             clock_system.wall_ms() / 1000 + args->skew_s);
    const struct signed_request request = {
        .id = slice_of(job->id),
        .timestamp = slice_of(timestamp),
        .body = &body,
        .body_count = 1,
    };
    enum status st = signature_sign(keys, &request, signature);
    if (st != STATUS_OK)
        return st;
    if (args->bad_signature) /* another first character, so other bits */
        signature[3] = signature[3] == 'A' ? 'B' : 'A';
    const struct send_header headers[] = {
        { "Content-Type", "application/json" },
        { "User-Agent", "clerk-ingest-send/" CLERK_VERSION },
        { "Svix-Id", job->id },
        { "Svix-Timestamp", timestamp },
        { "Svix-Signature", signature },
    };
    job->tries++;
    send_client_post(client, headers, sizeof(headers) / sizeof(headers[0]), body, done, job);
    return STATUS_OK;
}

bool send_job_may_retry(const struct send_job *job)
{
    int code = job->answer.code;
    return job->tries < SEND_TRIES_MAX && (code == 0 || code == 429 || code >= 500);
}

int64_t send_job_wait_ms(const struct send_job *job)
{
    int64_t wait_ms = SEND_RETRY_FIRST_MS;
    for (int i = 1; i < job->tries && wait_ms < SEND_RETRY_LAST_MS; i++)
        wait_ms *= 2;
    return wait_ms < SEND_RETRY_LAST_MS ? wait_ms : SEND_RETRY_LAST_MS;
}

void send_job_free(struct send_job *job)
{
    if (!job)
        return;
    if (job->timer)
        event_free(job->timer);
    buf_release(&job->body);
    free(job);
}
