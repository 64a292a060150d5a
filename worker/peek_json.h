#ifndef CLERK_PEEK_JSON_H
#define CLERK_PEEK_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct queue_entry;

/* How long an entry has waited, by its own id; never negative. now_ms: wall clock. */
int64_t peek_age_ms(const struct queue_entry *entry, int64_t now_ms);

/* Appends one waiting entry as a JSON object: entry_id, svix_id, type, object_id, age_ms; and body,
 * as a text, with with_body. */
void peek_json_append(struct buf *out, const struct queue_entry *entry, int64_t now_ms,
                      bool with_body);

#endif
