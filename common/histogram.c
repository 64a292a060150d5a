#include "common/histogram.h"

#include <assert.h>
#include <inttypes.h>

#include "common/counters.h"

static size_t bound_count(const struct histogram_info *info)
{
    size_t count = 0;

    while (count < HISTOGRAM_BOUNDS_MAX && info->bounds[count] > 0)
        count++;
    return count;
}

void histograms_observe(const struct histograms *h, size_t i, int64_t value)
{
    const struct histogram_info *info = &h->info[i];
    size_t bucket = 0;
    size_t count;

    assert(i < h->count);
    count = bound_count(info);
    if (value < 0)
        value = 0;
    while (bucket < count && value > info->bounds[bucket])
        bucket++;
    /* Relaxed: nobody reads other memory because of these numbers. */
    (void)atomic_fetch_add_explicit(&h->cells[i].sum, value, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&h->cells[i].buckets[bucket], 1, memory_order_relaxed);
}

static int64_t read_bucket(const struct histograms *h, size_t i, size_t bucket)
{
    return atomic_load_explicit(&h->cells[i].buckets[bucket], memory_order_relaxed);
}

int64_t histograms_count(const struct histograms *h, size_t i)
{
    int64_t total = 0;

    assert(i < h->count);
    for (size_t bucket = 0; bucket <= HISTOGRAM_BOUNDS_MAX; bucket++)
        total += read_bucket(h, i, bucket);
    return total;
}

static void render_one(const struct histograms *h, size_t i, struct buf *out)
{
    const struct histogram_info *info = &h->info[i];
    size_t bounds = bound_count(info);
    int64_t total = 0;

    buf_printf(out, "# HELP %s %s\n# TYPE %s histogram\n", info->name, info->help, info->name);
    for (size_t bucket = 0; bucket < bounds; bucket++) {
        total += read_bucket(h, i, bucket);
        buf_printf(out, "%s_bucket{le=\"", info->name);
        counters_print_number(info->bounds[bucket], info->divisor, out);
        buf_printf(out, "\"} %" PRId64 "\n", total);
    }
    total += read_bucket(h, i, bounds);
    buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n%s_sum ", info->name, total, info->name);
    counters_print_number(atomic_load_explicit(&h->cells[i].sum, memory_order_relaxed),
                          info->divisor, out);
    buf_printf(out, "\n%s_count %" PRId64 "\n", info->name, total);
}

void histograms_render(const struct histograms *h, struct buf *out)
{
    for (size_t i = 0; i < h->count; i++)
        render_one(h, i, out);
}
