#ifndef CLERK_REASONS_H
#define CLERK_REASONS_H

#include <stdbool.h>
#include <stddef.h>

/* What has been told of one outage. A connection is lost before its certificate turns out to be
 * wrong, so each new reason deserves a line of the log; but reasons may come by turns, as those of
 * several sentinels do, and a line for each attempt would be noise. So each is told once, and
 * REASONS_MAX in all. */

enum { REASONS_MAX = 4, REASON_TEXT_MAX = 200 };

/* {0} is an outage of which nothing has been told. */
struct reasons {
    char texts[REASONS_MAX][REASON_TEXT_MAX];
    size_t count;
};

/* True when why is to be told: it counts as told from now on. Compared by its first
 * REASON_TEXT_MAX - 1 bytes. */
bool reasons_add(struct reasons *reasons, const char *why);

/* The outage is over. */
void reasons_clear(struct reasons *reasons);

#endif
