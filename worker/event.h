#ifndef CLERK_EVENT_H
#define CLERK_EVENT_H

#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "worker/column.h"
#include "worker/row.h"

struct arena;
struct catalog_object;

/* Turns one stream entry into what the database shall do. Knows the catalog and JSON; knows no
 * database and no Redis. */

enum event_action {
    /* nothing to apply: Svix's test message, or another instance's event */
    EVENT_IGNORE,
    EVENT_UPSERT,
    EVENT_DELETE,
    /* cannot be applied: reason says why */
    EVENT_DEAD,
};

enum {
    EVENT_REASON_MAX = COLUMN_REASON_MAX,
    /* bytes of an object's id */
    EVENT_ID_MAX = 255,
    /* bytes of a type; ingest leaves longer ones empty in the stream */
    EVENT_TYPE_MAX = 128,
};

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
    /* as received in the body, "" if none; not the alias's target */
    struct slice type;
    struct slice instance_id;
    /* of the object; "" if none could be read */
    struct slice clerk_id;
    /* envelope's timestamp in ms (values below 1e11 are seconds); else data.updated_at; else
     * sent_s */
    int64_t event_at;
    /* as in the source */
    int64_t sent_s;
    int64_t received_ms;
    /* the exact bytes, for a dead letter */
    struct slice body;
    /* NULL for EVENT_IGNORE and EVENT_DEAD */
    const struct catalog_object *object;
    /* EVENT_UPSERT: the object's row. EVENT_DELETE: only table, clerk_id, event_at */
    struct row row;
    /* EVENT_UPSERT: one list per object->children, in that order; else NULL */
    struct row_list *children;
    /* EVENT_DEAD: one sentence for a person, without payload text */
    char reason[EVENT_REASON_MAX];
    /* what the slices above live in, besides the source */
    struct arena *memory;
};

/* Decodes source. Slices of *ret_event point into source and into memory of its own, so source must
 * outlive it. Texts in it are UTF-8 without NUL whatever the body holds (the body itself is not
 * touched). instance_id: only events of this instance count, others, and events that name none, are
 * EVENT_IGNORE; "" takes any.
 *
 * Never fails for what the payload holds: a payload that cannot be applied is STATUS_OK with
 * EVENT_DEAD and a reason. What is dead: not JSON, not UTF-8, nested too deeply, data not an
 * object, a type that is absent or too long, no or a malformed id (1 to EVENT_ID_MAX bytes, no
 * spaces, no control characters), a timestamp that is no whole number, a column's value of the
 * wrong kind or out of range, an escaped NUL in a member that such a column is read from. Anything
 * good JSON may hold is fine elsewhere: in JSON columns, in secrets, in members that no column is
 * read from. What is EVENT_IGNORE: a JSON object without type and without data. A body without
 * "object":"event" is fine.
 *
 * A type that the catalog does not know becomes a row of other_objects, an unknown suffix of a
 * known object an upsert of it. Objects inside other objects (a session's user) are partial copies
 * and are never applied; only the catalog's children are. STATUS_NO_MEMORY: nothing was decoded.
 * Release with event_release(). Pure: no I/O, no clock. */
enum status event_decode(const struct event_source *source, struct slice instance_id,
                         struct event *ret_event) MUST_CHECK;

/* Frees what event_decode() made and zeroes *ev. {0} is fine. */
void event_release(struct event *ev);

#endif
