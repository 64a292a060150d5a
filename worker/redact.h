#ifndef CLERK_REDACT_H
#define CLERK_REDACT_H

#include "common/slice.h"
#include "common/status.h"

struct arena;

enum { REDACT_PATHS_MAX = 16 };

/* Takes secrets out of JSON text: members are removed whole, key and value and one comma, and every
 * other byte stays as it was received.
 *
 * paths: at most REDACT_PATHS_MAX, ending with NULL. Keys joined by '.'; "name[]" says that an
 * array is expected there, but arrays are looked into with or without it, at any depth, so that a
 * payload of another shape gives nothing away. Keys count however they are spelled ("b\u006fdy" is
 * "body") and as often as they are repeated.
 *
 * json: one value as json_scan_value() gave it. *ret_json is json itself where nothing had to go,
 * else a copy in arena. STATUS_INVALID, STATUS_TOO_BIG: json is not such a value.
 * STATUS_NO_MEMORY. */
enum status redact(struct slice json, const char *const *paths, struct arena *arena,
                   struct slice *ret_json) MUST_CHECK;

#endif
