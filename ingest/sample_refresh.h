#ifndef CLERK_SAMPLE_REFRESH_H
#define CLERK_SAMPLE_REFRESH_H

#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/status.h"

/* Makes a sample look as if it had just happened to somebody new. Works on the text, not on a
 * parsed tree: what is not an id or a time keeps its exact bytes, and numbers above 2^53 survive.
 */

/* Appends event to out with
 * - white space between the tokens dropped, as on the wire;
 * - fresh ids: each string that is an id as a whole, "<prefix>_" and 27 of [0-9A-Za-z], gets 27 new
 *   characters that depend on seed and the old id alone. So references hold inside an event and
 *   between all events refreshed with one seed. Instance ids ("ins_…") stay: the instance is the
 *   same;
 * - fresh times: each whole number of 12 to 14 digits (milliseconds since the epoch) is moved by
 *   now_ms less the event's own "timestamp", which thereby becomes now_ms. Spans inside the event
 *   stay.
 * An event without a timestamp of that kind keeps its times. STATUS_INVALID, STATUS_TOO_BIG: event
 * is not one JSON object (see envelope.h). Otherwise the status of out. */
enum status sample_refresh(struct slice event, uint64_t seed, int64_t now_ms,
                           struct buf *out) MUST_CHECK;

#endif
