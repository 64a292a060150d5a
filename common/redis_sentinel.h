#ifndef CLERK_REDIS_SENTINEL_H
#define CLERK_REDIS_SENTINEL_H

#include <stddef.h>

#include "common/redis_url.h"
#include "common/status.h"

/* Asks Redis' sentinels where the master is. Source: SENTINEL GET-MASTER-ADDR-BY-NAME, the same
 * since Redis 2.8 and in Valkey. */

enum { REDIS_SENTINEL_LIMIT_MS = 1800, REDIS_SENTINEL_WHY_MAX = 160 };

/* Asks the sentinels of url, beginning with number first (modulo their count), until one names the
 * master. A sentinel may be out of date: whoever finds no master there asks again with another
 * first. STATUS_UNAVAILABLE: none did; ret_why holds what the last one said, one line. Blocks for
 * at most REDIS_SENTINEL_LIMIT_MS and, where sentinels are given by name, for the name servers. */
enum status redis_sentinel_ask(const struct redis_url *url, size_t first,
                               struct redis_place *ret_master,
                               char ret_why[REDIS_SENTINEL_WHY_MAX]) MUST_CHECK;

#endif
