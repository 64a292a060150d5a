#include "worker/dead_filter.h"

#include <fnmatch.h>
#include <stdio.h>

#include "worker/store.h"

enum { TYPE_MAX = 255 };

static bool has_type(struct slice type, const char *pattern)
{
    char text[TYPE_MAX + 1];
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(type));
    return fnmatch(pattern, text, 0) == 0;
}

static bool has_text(struct slice text, struct slice part)
{
    for (; text.len >= part.len; text.ptr++, text.len--) {
        if (slice_equals_nocase((struct slice){ text.ptr, part.len }, part))
            return true;
        if (text.len == 0)
            break;
    }
    return false;
}

bool dead_filter_matches(const struct dead_filter *filter, const struct store_dead_letter *letter,
                         int64_t now_ms)
{
    int64_t age_ms = now_ms - letter->failed_at;
    if (filter->older_ms > 0 && age_ms < filter->older_ms)
        return false;
    if (filter->newer_ms > 0 && age_ms > filter->newer_ms)
        return false;
    if (filter->type && !has_type(letter->type, filter->type))
        return false;
    return !filter->reason || has_text(letter->reason, slice_of(filter->reason));
}

bool dead_filter_is_set(const struct dead_filter *filter)
{
    return filter->type || filter->reason || filter->older_ms > 0 || filter->newer_ms > 0;
}
