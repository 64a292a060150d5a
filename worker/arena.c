#include "worker/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A block is twice as large as the one before, within these. */
enum { ARENA_ALIGN = alignof(max_align_t), BLOCK_LEAST_BYTES = 4096, BLOCK_MOST_BYTES = 65536 };

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
    return piece;
}

/* What the block behind b has room for, size bytes at least. */
static size_t next_size(const struct block *b, size_t size)
{
    size_t room = b->size > BLOCK_MOST_BYTES / 2 ? BLOCK_MOST_BYTES : b->size * 2;

    if (room < BLOCK_LEAST_BYTES)
        room = BLOCK_LEAST_BYTES;
    return size > room ? size : room;
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

/* As arena_take(), but of any content. */
static void *take_raw(struct arena *arena, size_t size)
{
    struct block *b = arena->newest;

    if (size > size_max)
        return NULL;
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (size > b->size - b->used) {
        b = block_new(next_size(b, size), b);
        if (!b)
            return NULL;
        arena->newest = b;
    }
    return block_take(b, size);
}

void *arena_take(struct arena *arena, size_t size)
{
    void *piece = take_raw(arena, size);

    return piece ? memset(piece, 0, size) : NULL;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_take(arena, count * size);
}

char *arena_text(struct arena *arena, struct slice text)
{
    char *copy = text.len < size_max ? take_raw(arena, text.len + 1) : NULL;

    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    const char *copy = arena_text(arena, text);

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
