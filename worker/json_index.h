#ifndef CLERK_JSON_INDEX_H
#define CLERK_JSON_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"
#include "worker/json_tape.h"

/* Where the members of one object stand, so that finding one does not mean passing all before it: a
 * user has 40 of them, and nearly as many columns ask. Part of a json_tape; built by
 * json_node_index(), asked by json_node_member(). */

/* Indexes the members of the object at place. Objects with many members, or with an escape in a
 * key, go without. */
void json_index_build(struct json_tape *tape, uint32_t place);

/* True when the object at place is the one that is indexed; *ret_key is the token of the first
 * member called key then, 0 where there is none. */
bool json_index_find(const struct json_tape *tape, uint32_t place, struct slice key,
                     uint32_t *ret_key);

#endif
