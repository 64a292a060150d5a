#ifndef CLERK_NAME_LOOKUP_H
#define CLERK_NAME_LOOKUP_H

#include <stdbool.h>

#include "common/redis_url.h"
#include "common/status.h"

struct name_lookup;

/* The address of Redis, found on a thread of its own: of the host that the URL names, or of the
 * master that its sentinels name. getaddrinfo() blocks for as long as name servers are silent, ten
 * seconds and more, sentinels for redis_sentinel.h's limit, and the loop has webhooks to answer
 * meanwhile. The thread does nothing else and ends with the lookup. */

/* True when host is a numeric address, which needs no lookup. */
bool name_is_address(const char *host);

/* Starts looking up. url is copied, the copy wiped at the end; first: see redis_sentinel_ask().
 * *ret_lookup: yours to free. STATUS_NO_MEMORY: nor is there when the system grants no thread. Does
 * not block. */
enum status name_lookup_start(const struct redis_url *url, size_t first,
                              struct name_lookup **ret_lookup) MUST_CHECK;

/* True when there is a result. Does not block. */
bool name_lookup_is_done(const struct name_lookup *lookup);

/* The result; only when it is done. The host is numeric: of several addresses the first of IPv4,
 * else the first. STATUS_UNAVAILABLE: not found or not answered, *ret_why (valid until
 * name_lookup_free()) says in a few words why. */
enum status name_lookup_result(const struct name_lookup *lookup, struct redis_place *ret_place,
                               const char **ret_why) MUST_CHECK;

/* Lets go; a thread that is still waiting goes on alone and cleans up at its end. NULL is fine.
 * Does not block. */
void name_lookup_free(struct name_lookup *lookup);

#endif
