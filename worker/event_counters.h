#ifndef CLERK_EVENT_COUNTERS_H
#define CLERK_EVENT_COUNTERS_H

#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "worker/apply.h"

/* Events committed by type and by what became of them:
 * clerk_worker_events_processed_total{type,result}. The types are those that the catalog names, an
 * alias under the type it stands for; every other type counts as "other", so that nobody can make
 * series without end. Any thread may add and read at any time. */

/* Counts one event of this type, as the body has it. Never blocks. */
void event_counters_add(struct slice type, enum apply_result result);

/* The number so far; for tests. */
int64_t event_counters_get(struct slice type, enum apply_result result);

/* Appends all types that have been seen, and "other" always, with HELP and TYPE once. Source:
 * Prometheus text exposition format 0.0.4. */
void event_counters_render(struct buf *out);

#endif
