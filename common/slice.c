#include "common/slice.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 19 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_word(char c)
{
    return is_space(c) || c == ',';
}

static struct slice skip(struct slice s, size_t n)
{
    return (struct slice){ s.ptr + n, s.len - n };
}

struct slice slice_of(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}

bool slice_equals(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool slice_equals_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int slice_compare(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_equals((struct slice){ s.ptr, prefix.len }, prefix);
}

bool slice_ends_with(struct slice s, struct slice suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || slice_equals(skip(s, s.len - suffix.len), suffix));
}

bool slice_drop_prefix(struct slice *s, struct slice prefix)
{
    if (!slice_starts_with(*s, prefix))
        return false;
    if (prefix.len > 0)
        *s = skip(*s, prefix.len);
    return true;
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && is_space(s.ptr[0]))
        s = skip(s, 1);
    while (s.len > 0 && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

size_t slice_find(struct slice s, char c)
{
    const char *hit = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

    return hit ? (size_t)(hit - s.ptr) : s.len;
}

bool slice_split(struct slice *rest, char separator, struct slice *ret_piece)
{
    size_t at = slice_find(*rest, separator);

    if (rest->len == 0) {
        rest->ptr = NULL;
        return false;
    }
    *ret_piece = (struct slice){ rest->ptr, at };
    *rest = at == rest->len ? (struct slice){ NULL, 0 } : skip(*rest, at + 1);
    return true;
}

bool slice_next_word(struct slice *rest, struct slice *ret_word)
{
    size_t len = 0;

    while (rest->len > 0 && ends_word(rest->ptr[0]))
        *rest = skip(*rest, 1);
    if (rest->len == 0)
        return false;
    while (len < rest->len && !ends_word(rest->ptr[len]))
        len++;
    *ret_word = (struct slice){ rest->ptr, len };
    *rest = skip(*rest, len);
    return true;
}

bool slice_to_i64(struct slice s, int64_t min, int64_t max, int64_t *ret_number)
{
    bool negative = slice_drop_prefix(&s, SLICE("-"));
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t magnitude = 0; /* 19 digits always fit */
    int64_t number;

    if (s.len == 0 || s.len > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        magnitude = magnitude * 10 + (uint64_t)(s.ptr[i] - '0');
    }
    if (magnitude > limit)
        return false;
    /* -(m - 1) - 1 reaches INT64_MIN without passing through a value that does not exist. */
    number = negative && magnitude > 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    if (number < min || number > max)
        return false;
    *ret_number = number;
    return true;
}

char *slice_dup(struct slice s)
{
    char *copy = s.len < SIZE_MAX ? malloc(s.len + 1) : NULL;

    if (copy == NULL)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}
