#ifndef CLERK_PAGE_FORM_H
#define CLERK_PAGE_FORM_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

/* Fields of a query or of a body of type application/x-www-form-urlencoded (WHATWG URL, 5.1). Pure.
 */

enum { FORM_TEXT_MAX = 512 };

/* The decoded text of the first field of this name, with a NUL behind it; "" where there is none or
 * it is empty. STATUS_INVALID: a broken escape, a NUL, or longer than FORM_TEXT_MAX bytes. */
enum status form_text(struct slice form, const char *name,
                      char ret_text[FORM_TEXT_MAX + 1]) MUST_CHECK;

/* A whole number within min..max; *number stays as it is where there is no such field.
 * STATUS_INVALID: anything else. */
enum status form_number(struct slice form, const char *name, int64_t min, int64_t max,
                        int64_t *number) MUST_CHECK;

#endif
