#ifndef CLERK_ARENA_H
#define CLERK_ARENA_H

#include <stddef.h>

#include "common/slice.h"

/* Memory that is taken piece by piece and given back all at once: an event is decoded into one, and
 * a reply of Redis is made in one, so that their many small texts and rows cost one malloc() and
 * one free() where they are few. */

struct arena;

/* An empty arena with room for first_bytes before it asks for more; NULL when memory is out. */
struct arena *arena_new(size_t first_bytes);

/* size bytes, zeroed, aligned for any type; NULL when memory is out. Never NULL for that reason
 * alone that size is 0. Valid until arena_free(). */
void *arena_take(struct arena *arena, size_t size);

/* As arena_take() for count times size bytes; NULL also where the product is too large. */
void *arena_take_array(struct arena *arena, size_t count, size_t size);

/* A copy of text with a NUL behind it; NULL when memory is out. */
char *arena_text(struct arena *arena, struct slice text);

/* The same as a slice; its ptr is NULL when memory is out. */
struct slice arena_copy(struct arena *arena, struct slice text);

/* Frees all that was taken. NULL is fine. */
void arena_free(struct arena *arena);

#endif
