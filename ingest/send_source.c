#include "ingest/send_source.h"

#include <stdlib.h>

struct send_source {
    const struct send_items *items;
    const struct clock *clock;
    uint64_t dice;
    int64_t rounds_left; /* the one under way included */
    size_t next;         /* item of the round under way */
    uint64_t seed;       /* of that round */
    int64_t last_ms;
    size_t held; /* turns in the window */
    size_t window;
    struct send_turn turns[]; /* window of them */
};

/* splitmix64, after Steele, Lea and Flood: "Fast splittable pseudorandom number generators". */
static uint64_t roll(uint64_t *dice)
{
    uint64_t z = *dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

enum status send_source_new(const struct send_items *items, int64_t rounds, bool shuffle,
                            uint64_t seed, const struct clock *clock,
                            struct send_source **ret_source)
{
    size_t window = shuffle ? SEND_SHUFFLE_WINDOW : 1;
    struct send_source *source = calloc(1, sizeof(*source) + window * sizeof(source->turns[0]));
    if (!source)
        return STATUS_NO_MEMORY;
    source->items = items;
    source->clock = clock;
    source->dice = seed;
    source->rounds_left = rounds;
    source->window = window;
    source->seed = roll(&source->dice);
    *ret_source = source;
    return STATUS_OK;
}

/* One round is one story. Its events get growing times even where several fall into one
 * millisecond: the worker orders them by time. */
static bool next_in_order(struct send_source *s, struct send_turn *ret_turn)
{
    if (s->rounds_left == 0 || s->items->count == 0)
        return false;
    int64_t now_ms = s->clock->wall_ms();
    s->last_ms = now_ms > s->last_ms ? now_ms : s->last_ms + 1;
    *ret_turn = (struct send_turn){ &s->items->items[s->next], s->seed, s->last_ms };
    if (++s->next < s->items->count)
        return true;
    s->next = 0;
    s->rounds_left--;
    s->last_ms = 0;
    s->seed = roll(&s->dice);
    return true;
}

bool send_source_next(struct send_source *s, struct send_turn *ret_turn)
{
    while (s->held < s->window && next_in_order(s, &s->turns[s->held]))
        s->held++;
    if (s->held == 0)
        return false;
    size_t chosen = (size_t)(roll(&s->dice) % s->held);
    *ret_turn = s->turns[chosen];
    s->turns[chosen] = s->turns[--s->held];
    return true;
}

void send_source_free(struct send_source *source)
{
    free(source);
}
