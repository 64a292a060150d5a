#include "ingest/event_filter.h"

#include <stdio.h>
#include <string.h>

static bool is_pattern_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("*._-", c) != NULL);
}

static bool pattern_is_valid(struct slice pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (!is_pattern_char(pattern.ptr[i]))
            return false;
    return true;
}

enum status event_filter_parse(struct slice text, struct event_filter *ret_filter,
                               char ret_error[EVENT_FILTER_ERROR_MAX])
{
    struct event_filter filter = { .count = 0 };
    struct slice pattern;

    while (slice_next_word(&text, &pattern)) {
        if (filter.count == EVENT_FILTER_PATTERNS_MAX) {
            snprintf(ret_error, EVENT_FILTER_ERROR_MAX, "more than %d patterns",
                     EVENT_FILTER_PATTERNS_MAX);
            return STATUS_INVALID;
        }
        if (!pattern_is_valid(pattern)) {
            snprintf(ret_error, EVENT_FILTER_ERROR_MAX,
                     "pattern %zu has a character other than letters, digits, . _ - and *",
                     filter.count + 1);
            return STATUS_INVALID;
        }
        filter.patterns[filter.count++] = pattern;
    }
    if (filter.count == 0) {
        snprintf(ret_error, EVENT_FILTER_ERROR_MAX, "holds no pattern; * stands for all types");
        return STATUS_INVALID;
    }
    *ret_filter = filter;
    return STATUS_OK;
}

/* On a mismatch the last star takes one more character; earlier stars never need to be tried again,
 * so this is linear in practice and quadratic at worst. */
static bool pattern_matches(struct slice pattern, struct slice type)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX;
    size_t star_end = 0;

    while (t < type.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            star_end = t;
        } else if (p < pattern.len && pattern.ptr[p] == type.ptr[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++star_end;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*')
        p++;
    return p == pattern.len;
}

bool event_filter_passes(const struct event_filter *filter, struct slice type)
{
    if (type.len == 0)
        return true;
    for (size_t i = 0; i < filter->count; i++)
        if (pattern_matches(filter->patterns[i], type))
            return true;
    return false;
}
