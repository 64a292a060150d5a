#include "common/counters.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>

void counters_add(const struct counters *c, size_t i, int64_t amount)
{
    assert(i < c->count);
    /* Relaxed: a number stands for itself, nobody reads other memory because of it. */
    (void)atomic_fetch_add_explicit(&c->values[i], amount, memory_order_relaxed);
}

void counters_set(const struct counters *c, size_t i, int64_t value)
{
    assert(i < c->count);
    atomic_store_explicit(&c->values[i], value, memory_order_relaxed);
}

int64_t counters_get(const struct counters *c, size_t i)
{
    assert(i < c->count);
    return atomic_load_explicit(&c->values[i], memory_order_relaxed);
}

static void render_head(const struct counter_info *info, struct buf *out)
{
    if (info->help != NULL)
        buf_printf(out, "# HELP %s %s\n", info->name, info->help);
    buf_printf(out, "# TYPE %s %s\n", info->name,
               info->kind == COUNTER_TOTAL ? "counter" : "gauge");
}

/* Digit by digit, so that no rounding shows and no locale decides on the decimal point. */
void counters_print_number(int64_t value, int64_t divisor, struct buf *out)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t unit = 1;
    uint64_t rest;

    if (divisor > 1)
        unit = (uint64_t)divisor;
    rest = magnitude % unit;
    buf_printf(out, "%s%" PRIu64, value < 0 ? "-" : "", magnitude / unit);
    if (rest > 0)
        buf_append_char(out, '.');
    for (int digits = 0; rest > 0 && digits < 9; digits++) {
        rest *= 10;
        /* cppcheck-suppress zerodivcond ; unit is at least 1 */
        buf_append_char(out, (char)('0' + rest / unit));
        rest %= unit;
    }
}

void counters_render(const struct counters *c, struct buf *out)
{
    struct slice last = { NULL, 0 };

    for (size_t i = 0; i < c->count; i++) {
        const struct counter_info *info = &c->info[i];

        if (!slice_equals(last, slice_of(info->name)))
            render_head(info, out);
        last = slice_of(info->name);
        buf_append(out, last);
        if (info->labels != NULL)
            buf_printf(out, "{%s}", info->labels);
        buf_append_char(out, ' ');
        counters_print_number(counters_get(c, i), info->divisor, out);
        buf_append_char(out, '\n');
    }
}
