#ifndef CLERK_EVENT_ID_H
#define CLERK_EVENT_ID_H

#include "common/slice.h"

/* The raw text of data.id in the body of an event, for showing it without decoding the event; empty
 * where there is none. Points into body. Pure. */
struct slice event_id_peek(struct slice body);

/* The raw text of the member key of one JSON object, without its quotes; empty where it is absent
 * or no string. */
struct slice event_id_text(struct slice object, struct slice key);

#endif
