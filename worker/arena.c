#include "worker/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_ALIGN = alignof(max_align_t), ARENA_BLOCK_BYTES = 4096 };

/* Sums of two such sizes do not wrap around. */
static const size_t size_max = SIZE_MAX / 4;

/* The bytes handed out follow the header; alignas keeps them aligned. */
struct block {
    alignas(max_align_t) struct block *next;
    size_t used;
    size_t size;
};

struct arena {
    struct block *newest;
};

static struct block *block_new(size_t size, struct block *next)
{
    struct block *b = malloc(sizeof(*b) + size);

    if (b)
        *b = (struct block){ .next = next, .size = size };
    return b;
}

static void *block_take(struct block *b, size_t size)
{
    void *piece = (char *)(b + 1) + b->used;

    b->used += size;
    return memset(piece, 0, size);
}

struct arena *arena_new(size_t first_bytes)
{
    struct block *b = first_bytes <= size_max ? block_new(ARENA_ALIGN + first_bytes, NULL) : NULL;
    struct arena *arena;

    if (!b)
        return NULL;
    _Static_assert(sizeof(struct arena) <= ARENA_ALIGN, "the arena itself is the first piece");
    arena = block_take(b, ARENA_ALIGN);
    arena->newest = b;
    return arena;
}

void *arena_take(struct arena *arena, size_t size)
{
    struct block *b = arena->newest;

    if (size > size_max)
        return NULL;
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (size > b->size - b->used) {
        b = block_new(size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES, b);
        if (!b)
            return NULL;
        arena->newest = b;
    }
    return block_take(b, size);
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_take(arena, count * size);
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    char *copy = arena_take(arena, text.len);

    if (copy && text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return (struct slice){ copy, copy ? text.len : 0 };
}

void arena_free(struct arena *arena)
{
    struct block *b = arena ? arena->newest : NULL;

    while (b) {
        struct block *next = b->next;
        free(b); /* the last one holds the arena itself */
        b = next;
    }
}
