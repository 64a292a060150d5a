#ifndef CLERK_SAMPLE_H
#define CLERK_SAMPLE_H

#include <stddef.h>

#include "common/slice.h"

/* The sample events that are built into the binary from ingest/samples: one of each type that Clerk
 * sends, with one story behind them (the same user, organization and session everywhere). They
 * stand in causal order: each comes after the events that it depends on. */
struct sample {
    struct slice type; /* for instance "user.created" */
    struct slice body; /* JSON as in the file, white space included */
};

/* How many there are. */
size_t sample_count(void);

/* Sample i (below sample_count()) in causal order. Lives as long as the program. */
const struct sample *sample_at(size_t i);

/* True when the sample's type matches pattern: a type, or one with wildcards as the shell knows
 * them ("user.*"). */
bool sample_matches(const struct sample *sample, const char *pattern);

#endif
