#ifndef CLERK_EVENT_ROW_H
#define CLERK_EVENT_ROW_H

#include <stdbool.h>

#include "worker/event.h"
#include "worker/json_node.h"

enum { EVENT_CHILDREN_MAX = 1000 /* elements of one array that become rows */ };

/* What one event's data is made of. */
struct event_row_source {
    /* what the catalog says of this kind of object */
    const struct catalog_object *described;
    /* data, without secrets; the rows borrow from its text */
    struct json_node object;
    bool is_delete;
    /* when the payload has no clock of its own */
    int64_t sent_ms;
};

/* The middle part of event_decode(): fills clerk_id, event_at (where it is 0 so far), row and, for
 * an upsert, children of ev, from ev->memory. STATUS_BAD_DATA: ev->reason says why; what was read
 * up to there stays. STATUS_NO_MEMORY. */
enum status event_row_read(struct event *ev, const struct event_row_source *source) MUST_CHECK;

#endif
