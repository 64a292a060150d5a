#ifndef CLERK_DEAD_JSON_H
#define CLERK_DEAD_JSON_H

#include "common/buf.h"

struct store_dead_letter;

/* Appends one letter as a JSON object: svix_id, type, object_id, reason, attempts, received_at,
 * failed_at; and body, as a text, where body is not NULL. */
void dead_json_append(struct buf *out, const struct store_dead_letter *letter,
                      const struct slice *body);

#endif
