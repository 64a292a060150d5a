#ifndef CLERK_STORE_POSTGRES_PLAN_H
#define CLERK_STORE_POSTGRES_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "worker/store.h"

struct store_postgres;
struct pg_result;

/* Called with a good answer; place is what was given when the statement was sent. The answer is
 * borrowed for the call. */
typedef void pg_answer_fn(struct store_postgres *store, const struct pg_result *answer,
                          size_t place);

/* What the PostgreSQL store knows of a planned batch (store_plan()): fetched in a round trip or two
 * before the first event is applied, so that applying them needs no answers. */

/* What is known of a planned event. */
struct pg_fate {
    /* our insert into the ledger took it */
    bool is_recorded;
    /* store_record() has told so */
    bool is_claimed;
    /* the ledger's row waits to be taken again */
    bool is_retrying;
    /* its upsert is sent, and the answer does not speak of it yet */
    bool is_asked;
    bool is_stale;
    bool is_new;
};

/* What is known of a tombstone: whether it stands, and since when (ms). */
struct pg_grave {
    struct slice id;
    bool is_there;
    int64_t event_at;
};

/* Child rows that wait for the parent's answer. */
struct pg_children {
    const struct catalog_table *table;
    struct slice parent_id;
    const struct row_list *rows;
    size_t place;
};

/* A row to be written; borrowed. */
struct pg_upsert {
    const struct row *row;
    struct value deleted_at;
};

/* Rows of one table, no two with one clerk_id, that go to the server in one statement: there a
 * statement costs more than a row. PG_MANY_MAX is enough for that to vanish, and few enough that
 * the server begins while we are still at the next ones. */
enum { PG_MANY_MAX = 64 };
struct pg_many {
    struct pg_upsert upserts[PG_MANY_MAX];
    size_t count;
    size_t data_bytes;
    /* what pg_send() gets, of the first row */
    pg_answer_fn *fn;
    size_t place;
};

struct pg_plan {
    bool is_on;
    /* as given to store_plan(), borrowed until the transaction ends */
    struct store_plan *events;
    size_t count;
    /* the event that was recorded last; count: none yet */
    size_t current;
    /* count of each: what is known of the events, and their places, ordered by svix-id */
    struct pg_fate *fates;
    size_t *by_svix_id;
    size_t recorded_count;
    /* every tombstone that the events may meet */
    struct pg_grave *graves;
    size_t grave_count;
    /* children whose parents are not answered yet, and the room for them */
    struct pg_children *waiting;
    size_t waiting_count, waiting_room;
    /* to be sent */
    struct pg_many many;
};

/* --- store_postgres_plan.c --- */

/* Frees the plan. {0} is fine. */
void pg_plan_end(struct pg_plan *plan);

/* What is known of a tombstone; NULL: nobody has looked. */
struct pg_grave *pg_plan_grave(struct store_postgres *store, struct slice id);

/* --- store_postgres_flow.c --- */

/* The planned event that is being applied; NULL: there is no plan. */
struct pg_fate *pg_plan_fate(struct store_postgres *store);

/* store_record() of a planned event; false: it is none, or was taken back by store_take_retry(). */
bool pg_plan_record(struct store_postgres *store, struct slice svix_id, enum status *ret_status);

/* Puts the children off until their parent's answer is there. */
enum status pg_plan_children(struct store_postgres *store,
                             const struct pg_children *children) MUST_CHECK;

/* Sends what is still to be sent: rows in plan.many, and, when the parents are answered, the
 * children that waited for them. */
enum status pg_plan_flush(struct store_postgres *store) MUST_CHECK;

#endif
