#ifndef CLERK_JSON_SAME_H
#define CLERK_JSON_SAME_H

#include <stdbool.h>

#include "common/slice.h"

/* True when two JSON texts differ in nothing but the white space between their tokens. Another
 * order of keys and another spelling of a number or a character count as different. For texts that
 * are no JSON the answer means nothing. */
bool json_same(struct slice a, struct slice b);

#endif
