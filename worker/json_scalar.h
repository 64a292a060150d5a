#ifndef CLERK_JSON_SCALAR_H
#define CLERK_JSON_SCALAR_H

#include <stdbool.h>
#include <stddef.h>

#include "common/slice.h"

/* Strings and numbers as RFC 8259 has them, sections 6 and 7, and nothing that parsers merely
 * tolerate. */

/* The length of the string, quotes included, at the front of text; 0 where there is none.
 * *ret_is_escaped: there is a backslash in it. */
size_t json_string_length(struct slice text, bool *ret_is_escaped);

/* The length of the number at the front of text; 0 where there is none. Whether it may end there is
 * not judged. */
size_t json_number_length(struct slice text);

#endif
