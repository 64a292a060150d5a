#include "worker/event_counters.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "worker/catalog.h"

#define SERIES "clerk_worker_events_processed_total"

enum { TYPES_MAX = 96, OTHER = 0 /* the place of all types that the catalog does not name */ };

static atomic_int_least64_t counts[TYPES_MAX][APPLY_RESULT_COUNT];

/* A walk over the types of the catalog; each has a place from 1 on. */
struct walk {
    size_t object;
    size_t event;
    size_t place;
    struct slice prefix;
    struct slice suffix;
};

static bool next_type(struct walk *walk)
{
    for (; walk->object < catalog_object_count; walk->object++, walk->event = 0) {
        const struct catalog_object *object = &catalog_objects[walk->object];
        if (!object->prefix || !object->events[walk->event])
            continue;
        walk->prefix = slice_of(object->prefix);
        walk->suffix = slice_of(object->events[walk->event++]);
        walk->place++;
        assert(walk->place < TYPES_MAX);
        return true;
    }
    return false;
}

static bool is_type(const struct walk *walk, struct slice type)
{
    return slice_drop_prefix(&type, walk->prefix) && slice_drop_prefix(&type, SLICE(".")) &&
           slice_equals(type, walk->suffix);
}

static size_t place_of(struct slice type)
{
    struct walk walk = { 0 };
    type = catalog_canonical_type(type);
    while (next_type(&walk))
        if (is_type(&walk, type))
            return walk.place;
    return OTHER;
}

void event_counters_add(struct slice type, enum apply_result result)
{
    (void)atomic_fetch_add_explicit(&counts[place_of(type)][result], 1, memory_order_relaxed);
}

int64_t event_counters_get(struct slice type, enum apply_result result)
{
    return atomic_load_explicit(&counts[place_of(type)][result], memory_order_relaxed);
}

static bool is_seen(size_t place)
{
    for (int result = 0; result < APPLY_RESULT_COUNT; result++)
        if (atomic_load_explicit(&counts[place][result], memory_order_relaxed) > 0)
            return true;
    return false;
}

static void render(struct buf *out, size_t place, struct slice prefix, struct slice suffix)
{
    for (int result = 0; result < APPLY_RESULT_COUNT; result++)
        buf_printf(out, SERIES "{type=\"%.*s%s%.*s\",result=\"%s\"} %" PRId64 "\n",
                   SLICE_ARG(prefix), suffix.len ? "." : "", SLICE_ARG(suffix),
                   apply_result_name((enum apply_result)result),
                   (int64_t)atomic_load_explicit(&counts[place][result], memory_order_relaxed));
}

void event_counters_render(struct buf *out)
{
    struct walk walk = { 0 };
    buf_append(out,
               SLICE("# HELP " SERIES " Events committed, by type and by what became of them; a "
                     "rise of dead needs a look at dead_letters\n# TYPE " SERIES " counter\n"));
    render(out, OTHER, SLICE("other"), SLICE(""));
    while (next_type(&walk))
        if (is_seen(walk.place))
            render(out, walk.place, walk.prefix, walk.suffix);
}
