#ifndef CLERK_NAME_LOOKUP_H
#define CLERK_NAME_LOOKUP_H

#include <stdbool.h>

#include "common/status.h"

struct name_lookup;

/* The address of a host, found on a thread of its own. getaddrinfo() blocks for as long as name
 * servers are silent, ten seconds and more, and the loop has webhooks to answer meanwhile. The
 * thread does nothing else and ends with the lookup. */

enum { NAME_ADDRESS_MAX = 64 /* bytes of a numeric address with scope and NUL */ };

/* True when host is a numeric address, which needs no lookup. */
bool name_is_address(const char *host);

/* Starts looking up host (copied). *ret_lookup: yours to free. STATUS_NO_MEMORY: nor is there when
 * the system grants no thread. Does not block. */
enum status name_lookup_start(const char *host, struct name_lookup **ret_lookup) MUST_CHECK;

/* True when there is a result. Does not block. */
bool name_lookup_is_done(const struct name_lookup *lookup);

/* The result; only when it is done. Of several addresses the first of IPv4, else the first.
 * STATUS_UNAVAILABLE: not found or not answered, *ret_why (a constant) says in a few words why. */
enum status name_lookup_result(const struct name_lookup *lookup, char ret_address[NAME_ADDRESS_MAX],
                               const char **ret_why) MUST_CHECK;

/* Lets go; a thread that is still waiting goes on alone and cleans up at its end. NULL is fine.
 * Does not block. */
void name_lookup_free(struct name_lookup *lookup);

#endif
