#ifndef CLERK_QUEUE_HEALTH_H
#define CLERK_QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

/* What Redis' answers say of its health, whichever connection they came by. Pure functions over
 * text; no connection here. */

enum { QUEUE_HEALTH_WHY_MAX = 160 };

/* The last that was heard. {0} is a healthy Redis without a memory limit. */
struct queue_health {
    /* what it complained of, one line; "": nothing */
    char trouble[QUEUE_HEALTH_WHY_MAX];
    /* of INFO memory */
    int64_t used_bytes;
    /* 0: no limit */
    int64_t max_bytes;
    /* of writes that wait for an answer */
    int64_t waiting_bytes;
    /* of writes that were answered, since ever */
    int64_t answered_bytes;
    /* of these, those that used_bytes holds */
    int64_t seen_bytes;
    /* above the high-water mark */
    bool full;
    /* the policy lets Redis throw the stream away to make room: the whole backlog is one key
     * without expiry, which allkeys-* may pick */
    bool may_evict;
};

/* What to do after an error reply. Whichever it is, the sender of the webhook gets a 503: Svix
 * comes back for more than a day. */
enum queue_remedy {
    /* passes by itself or by a hand on the server; the connection is good */
    REMEDY_WAIT,
    /* this connection will not get better: open another, with backoff */
    REMEDY_RECONNECT,
};

/* Notes an error reply as the trouble and returns its remedy, found by its first word (OOM,
 * READONLY, …); an unknown word means REMEDY_WAIT. Sources: Redis 7.0's server.c and error texts
 * seen. Arguments that Redis repeats in an ERR are not kept: one may be a password or a body. */
enum queue_remedy queue_health_note_error(struct queue_health *health, struct slice error);

/* Notes the answer to XGROUP CREATE (error empty: it went through). That is a write under the same
 * conditions as XADD, so it also tells whether writes work again, and writes nothing once the group
 * exists. A missing permission for it is no trouble: the worker creates the group too. */
enum queue_remedy queue_health_note_group(struct queue_health *health, struct slice error);

/* Does as queue_health_note_error(), but writes the trouble to ret_trouble: of an error that tells
 * of one connection, not of Redis. */
enum queue_remedy queue_health_read_error(struct slice error,
                                          char ret_trouble[QUEUE_HEALTH_WHY_MAX]);

/* Notes the answer to INFO memory. asked_bytes: health->answered_bytes when the question was sent,
 * as used_memory holds at least these; questions of several connections may overlap. */
void queue_health_note_memory(struct queue_health *health, struct slice info, int64_t asked_bytes);

/* Sets or clears ("") the trouble. */
void queue_health_set_trouble(struct queue_health *health, const char *trouble);

/* Whether Redis has room for more, counting what it has not yet reported: no from 85 % of
 * its limit on, and then not again until below 80 %. Stopping early leaves the workers the room
 * they need to drain; at the limit itself Redis would refuse much more. */
bool queue_health_has_room(struct queue_health *health);

/* The same for a write of so many bytes more, which is counted as waiting when there is room. Redis
 * takes a little more for an entry than its bytes, and for a large one, while it copies it, once
 * more as much. */
bool queue_health_admits(struct queue_health *health, size_t bytes);

/* Notes that an admitted write of so many bytes waits no more, whatever came of it. */
void queue_health_note_answer(struct queue_health *health, size_t bytes);

/* NULL when all is well, else why not, in one line; valid until the next change. */
const char *queue_health_complaint(const struct queue_health *health);

#endif
