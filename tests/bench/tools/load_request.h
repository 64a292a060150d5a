#ifndef CLERK_BENCH_LOAD_REQUEST_H
#define CLERK_BENCH_LOAD_REQUEST_H

#include "load.h"

struct signature_keys;

enum { LOAD_REQUEST_MAX = EVENT_MIX_BODY_MAX + 1024 };

/* Writes the whole HTTP request for event number and returns its length. It is signed with the
 * present time: call it just before sending, so that no run can be longer than a signature's life.
 */
size_t load_request_write(const struct load *load, struct signature_keys *keys, uint64_t number,
                          char request[LOAD_REQUEST_MAX]);

#endif
