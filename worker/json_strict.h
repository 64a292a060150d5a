#ifndef CLERK_JSON_STRICT_H
#define CLERK_JSON_STRICT_H

#include <stdbool.h>

#include "common/slice.h"

/* Judges what json_scan.h passes over: the inside of numbers, literals and strings. A text that
 * json_scan_value() takes and this one too is JSON as RFC 8259 has it, whatever a parser tolerates
 * (cJSON takes 01, 1. and raw control characters; PostgreSQL's json type does not). Not judged:
 * whether surrogates come in pairs, which the grammar leaves open. */
bool json_is_strict(struct slice text);

#endif
