#include "common/fault.h"

#ifdef CLERK_FAULTS

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* The process is about to be killed by its test, so a counter outside any struct does no harm. */
static atomic_int passes;

static bool is_due(struct slice request, struct slice name, struct slice id)
{
    if (!slice_drop_prefix(&request, name))
        return false;
    if (slice_drop_prefix(&request, SLICE("=")))
        return slice_equals(request, id);
    int64_t due = 1;
    if (slice_drop_prefix(&request, SLICE(":")) && !slice_to_i64(request, 1, INT32_MAX, &due))
        return false;
    return atomic_fetch_add(&passes, 1) + 1 == due;
}

void fault_point(const char *name, struct slice id)
{
    const char *request = getenv("CLERK_FAULT");
    if (request && is_due(slice_of(request), slice_of(name), id))
        raise(SIGKILL);
}

int64_t fault_period_ms(const char *name, int64_t usual)
{
    const char *text = getenv(name);
    int64_t period_ms = usual;
    if (text && !slice_to_i64(slice_of(text), 1, INT32_MAX, &period_ms))
        period_ms = usual;
    return period_ms;
}

#else

/* ISO C wants at least one declaration in a file. */
typedef int fault_points_are_off;

#endif
