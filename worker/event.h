#ifndef CLERK_EVENT_H
#define CLERK_EVENT_H

#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/row.h"

/* Turns one stream entry into what the database shall do. Knows the catalog and JSON; knows no
 * database and no Redis. */

enum event_action {
    EVENT_IGNORE, /* nothing to apply: Svix's test message, or another instance's event */
    EVENT_UPSERT,
    EVENT_DELETE,
    EVENT_DEAD, /* cannot be applied: reason says why */
};

enum { EVENT_REASON_MAX = 200, EVENT_ID_MAX = 255 /* bytes of a Clerk id */ };

/* An entry of the stream as ingest wrote it. All borrowed. */
struct event_source {
    struct slice svix_id;
    struct slice type;   /* as ingest read it; may be empty */
    int64_t sent_s;      /* svix-timestamp, Unix seconds; 0 unknown */
    int64_t received_ms; /* 0 unknown */
    struct slice body;
};

struct event {
    enum event_action action;
    struct slice svix_id;
    struct slice type; /* as received in the body, "" if none; not the alias's target */
    struct slice instance_id;
    struct slice clerk_id; /* of the object; "" if none */
    int64_t event_at;      /* envelope's timestamp in ms (values below 1e11 are seconds); else
                              data.updated_at; else sent_s */
    int64_t received_ms;
    struct slice body;                   /* the exact bytes, for a dead letter */
    const struct catalog_object *object; /* NULL for EVENT_IGNORE and EVENT_DEAD */
    struct row
        row; /* EVENT_UPSERT: the object's row. EVENT_DELETE: only table, clerk_id, event_at */
    struct row_list
        *children; /* EVENT_UPSERT: one list per object->children, in that order; else NULL */
    char reason[EVENT_REASON_MAX]; /* EVENT_DEAD: one sentence for a person, without payload text */
    struct event_memory *memory;   /* what the slices above live in, besides the source */
};

/* Decodes source. Slices of *ret_event point into source and into memory of its own, so source must
 * outlive it. instance_id: only events of this instance count, others are EVENT_IGNORE; "" takes
 * any.
 *
 * Never fails for what the payload holds: a payload that cannot be applied is STATUS_OK with
 * EVENT_DEAD and a reason. What is dead: not JSON, not UTF-8, nested too deeply, data not an
 * object, no or a malformed id, a timestamp that is no whole number, a column's value of the wrong
 * kind or out of range, an escaped NUL in anything but a JSON column. What is EVENT_IGNORE: a JSON
 * object without type and without data. A body without "object":"event" is fine. STATUS_NO_MEMORY:
 * nothing was decoded. Release with event_release(). Pure: no I/O, no clock. */
enum status event_decode(const struct event_source *source, struct slice instance_id,
                         struct event *ret_event) MUST_CHECK;

/* Frees what event_decode() made and zeroes *ev. {0} is fine. */
void event_release(struct event *ev);

#endif
