#ifndef CLERK_UTF8_H
#define CLERK_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */

/* What stands for a byte that belongs to no well-formed sequence: U+FFFD. */
#define UTF8_REPLACEMENT SLICE("\xEF\xBF\xBD")

enum { UTF8_SEQUENCE_MAX = 4 };

/* The length, 1 to 4, of the well-formed sequence that text begins with; 0 where there is none or
 * text is empty. */
size_t utf8_sequence(struct slice text);

/* True when all of text is well-formed. The empty text is. */
bool utf8_is_valid(struct slice text);

/* Puts '?' in the place of each byte of text, which ends in a NUL, that belongs to no well-formed
 * sequence. */
void utf8_mend(char *text);

/* Writes code_point (at most U+10FFFF, not a surrogate) to out and returns how many bytes it took,
 * 1 to 4. */
size_t utf8_encode(uint32_t code_point, char out[UTF8_SEQUENCE_MAX]);

#endif
