#ifndef CLERK_BENCH_EVENT_MIX_H
#define CLERK_BENCH_EVENT_MIX_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

/* Any number of different events out of a file of templates. Each line of the file is a type, how
 * many rounds back the objects are that it speaks of, and a JSON body, separated by tabs. In the
 * body a run of 24 '#' stands for the number of those objects and a run of 13 '~' for the time in
 * ms. Event n is made from line n modulo the number of lines, so one round through the file is the
 * life of one user, one organization and so on. */

enum {
    EVENT_MIX_LINES_MAX = 64,
    EVENT_MIX_HOLES_MAX = 64,
    EVENT_MIX_BODY_MAX = 64 * 1024,
    EVENT_MIX_ID_DIGITS = 24,
    EVENT_MIX_TIME_DIGITS = 13,
    EVENT_MIX_MESSAGE_MAX = 64,
};

/* Svix's ids are KSUIDs, which begin with the time: 27 characters, and a later one is greater, as
 * here. Those of our time begin with a 3. */
#define EVENT_MIX_MESSAGE_HEAD "msg_3"

struct event_mix;

/* One event; everything points into the mix and is valid until the next event_mix_make(). */
struct mixed_event {
    struct slice type;
    struct slice body;
    struct slice message_id; /* EVENT_MIX_MESSAGE_HEAD and a number that is n's alone */
};

/* Reads path. spread > 0: events speak of spread objects in a scattered order instead of always new
 * ones; then lines' "rounds back" do not count. STATUS_NOT_FOUND: no such file; STATUS_INVALID: not
 * such a file; STATUS_NO_MEMORY. */
enum status event_mix_new(const char *path, uint64_t spread, struct event_mix **ret_mix) MUST_CHECK;

/* Makes event n. at_ms is the time it carries. */
void event_mix_make(struct event_mix *mix, uint64_t n, int64_t at_ms,
                    struct mixed_event *ret_event);

/* NULL is fine. */
void event_mix_free(struct event_mix *mix);

#endif
