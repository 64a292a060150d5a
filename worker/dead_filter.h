#ifndef CLERK_DEAD_FILTER_H
#define CLERK_DEAD_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct store_dead_letter;

/* Which dead letters an operator means. {0} means all of them. Pure. */
struct dead_filter {
    /* a type or a pattern such as "user.*"; NULL: any */
    const char *type;
    /* the reason has this text in it, in capitals or not; NULL: any */
    const char *reason;
    /* failed at least so long ago; 0: any */
    int64_t older_ms;
    /* failed at most so long ago; 0: any */
    int64_t newer_ms;
};

/* True when letter is one of them. now_ms: wall clock, what ages are counted from. A letter without
 * a type matches patterns that match the empty text. */
bool dead_filter_matches(const struct dead_filter *filter, const struct store_dead_letter *letter,
                         int64_t now_ms);

/* True when it means some of them only. */
bool dead_filter_is_set(const struct dead_filter *filter);

#endif
