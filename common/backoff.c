#include "common/backoff.h"

/* SplitMix64 (Steele, Lea, Flood 2014): good from any seed, zero included. Chance here only spreads
 * load, it guards nothing. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15U);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

struct backoff backoff_make(int64_t min_ms, int64_t max_ms, uint64_t seed)
{
    struct backoff b = { .random = seed };

    b.min_ms = min_ms < 1 ? 1 : min_ms;
    b.max_ms = max_ms < b.min_ms ? b.min_ms : max_ms;
    b.next_ms = b.min_ms;
    return b;
}

int64_t backoff_next_ms(struct backoff *b)
{
    int64_t whole = b->next_ms;
    int64_t half = whole / 2;
    int64_t wait = half + (int64_t)(draw(&b->random) % (uint64_t)(whole - half + 1));

    b->next_ms = whole > b->max_ms / 2 ? b->max_ms : whole * 2;
    return wait < 1 ? 1 : wait;
}

void backoff_reset(struct backoff *b)
{
    b->next_ms = b->min_ms;
}
