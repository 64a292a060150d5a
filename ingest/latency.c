#include "ingest/latency.h"

#include <assert.h>
#include <stddef.h>

enum { PARTS = 1 << LATENCY_PARTS_BITS };

/* Below 2*PARTS each value has a slot of its own; above, the topmost bits choose it. */
static size_t slot_of(uint64_t us)
{
    int shift = 0;

    while (us >> shift >= 2 * PARTS)
        shift++;
    return (size_t)shift * PARTS + (size_t)(us >> shift);
}

/* The largest value that goes into the slot. */
static int64_t top_of(size_t slot)
{
    size_t shift = slot < 2 * PARTS ? 0 : slot / PARTS - 1;
    uint64_t mantissa = (uint64_t)(slot - shift * PARTS);

    return (int64_t)(((mantissa + 1) << shift) - 1);
}

void latency_add(struct latency *latency, int64_t us)
{
    size_t slot = slot_of(us > 0 ? (uint64_t)us : 0);

    assert(slot < LATENCY_SLOTS);
    latency->slots[slot]++;
    latency->count++;
    if (us > latency->max_us)
        latency->max_us = us;
}

int64_t latency_percentile(const struct latency *latency, double percent)
{
    double wanted = (double)latency->count * percent / 100;
    int64_t seen = 0;

    for (size_t slot = 0; slot < LATENCY_SLOTS; slot++) {
        seen += latency->slots[slot];
        if (seen > 0 && (double)seen >= wanted)
            return top_of(slot) < latency->max_us ? top_of(slot) : latency->max_us;
    }
    return latency->max_us;
}
