#ifndef CLERK_APPLY_H
#define CLERK_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "worker/event.h"
#include "worker/store.h"

/* Carries decoded events into the database: one transaction, each event's effects together with its
 * ledger row. */

/* How the reason of a dead letter begins that the database refused for what it holds. */
#define APPLY_REFUSED "the database refused it: "

enum apply_result {
    APPLY_APPLIED,
    APPLY_STALE,
    APPLY_IGNORED,
    APPLY_DEAD,
    APPLY_DUPLICATE,
    APPLY_RESULT_COUNT
};

/* The name used in metrics: applied, stale, ignored, dead, duplicate. */
const char *apply_result_name(enum apply_result result);

/* Applies count events in one transaction and commits it. results (count of them) are valid on
 * STATUS_OK. An event that the database refuses for what it holds is undone alone and becomes a
 * dead letter; the others are applied. Its event then has action EVENT_DEAD and a reason. attempts:
 * 0 for an ordinary batch; for a lonely attempt (count 1) its number as apply_attempt() gave it: a
 * dead letter then says so, and the count is forgotten with the commit. What is refused only at the
 * commit is found by a transaction for each event. STATUS_UNAVAILABLE, STATUS_FATAL,
 * STATUS_STOPPED: what is not committed is unchanged, store_why() says why; given again, events
 * that were committed alone before are duplicates. Blocks. */
enum status apply_batch(struct store *store, struct event *events, size_t count, int64_t now_ms,
                        int64_t attempts, enum apply_result *results) MUST_CHECK;

/* Inserts or updates the object of ev (EVENT_UPSERT) and makes its child rows exactly those of ev,
 * inside a transaction of the caller: what one event does, without its ledger row. STATUS_STALE:
 * the guards forbid it, nothing was changed. STATUS_BAD_DATA and the rest as in store.h. */
enum status apply_object(struct store *store, const struct event *ev) MUST_CHECK;

/* Counts a lonely attempt at svix_id, durably, before it is made: *ret_count is 1 for the first.
 * Statuses as above. */
enum status apply_attempt(struct store *store, struct slice svix_id, int64_t *ret_count) MUST_CHECK;

/* Forgets the lonely attempts at svix_id: the event has shown that it does not kill, although it
 * could not be committed yet. Statuses as above. */
enum status apply_attempt_forget(struct store *store, struct slice svix_id) MUST_CHECK;

#endif
