#include "common/log_value.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void add(struct log_value *value, const char *text, size_t len)
{
    size_t room = sizeof(value->text) - value->len;

    if (len > room)
        len = room;
    if (len == 0)
        return;
    memcpy(value->text + value->len, text, len);
    value->len += len;
}

static void add_text(struct log_value *value, const char *text, size_t max)
{
    if (text != NULL)
        add(value, text, strnlen(text, max));
}

static void add_signed(struct log_value *value, long long number)
{
    char text[24];

    add(value, text, (size_t)snprintf(text, sizeof(text), "%lld", number));
}

static void add_unsigned(struct log_value *value, unsigned long long number)
{
    char text[24];

    add(value, text, (size_t)snprintf(text, sizeof(text), "%llu", number));
}

enum conversion { CV_S, CV_DOT_S, CV_D, CV_U, CV_LD, CV_LU, CV_LLD, CV_LLU, CV_ZU, CV_COUNT };

/* None begins another, so the order does not matter. */
static const char *const conversions[CV_COUNT] = {
    [CV_S] = "%s",   [CV_DOT_S] = "%.*s", [CV_D] = "%d",     [CV_U] = "%u",   [CV_LD] = "%ld",
    [CV_LU] = "%lu", [CV_LLD] = "%lld",   [CV_LLU] = "%llu", [CV_ZU] = "%zu",
};

static enum conversion find_conversion(struct slice text)
{
    size_t i = 0;

    while (i < CV_COUNT && !slice_starts_with(text, slice_of(conversions[i])))
        i++;
    return (enum conversion)i;
}

static void add_dot_s(struct log_value *value, struct log_args *args)
{
    int len = va_arg(args->list, int);
    const char *text = va_arg(args->list, const char *);

    add_text(value, text, len < 0 ? sizeof(value->text) : (size_t)len);
}

static void add_argument(struct log_value *value, enum conversion conversion, struct log_args *args)
{
    switch (conversion) {
    case CV_S:
        add_text(value, va_arg(args->list, const char *), sizeof(value->text));
        break;
    case CV_DOT_S:
        add_dot_s(value, args);
        break;
    case CV_D:
        add_signed(value, va_arg(args->list, int));
        break;
    case CV_U:
        add_unsigned(value, va_arg(args->list, unsigned));
        break;
    case CV_LD:
        add_signed(value, va_arg(args->list, long));
        break;
    case CV_LU:
        add_unsigned(value, va_arg(args->list, unsigned long));
        break;
    case CV_LLD:
        add_signed(value, va_arg(args->list, long long));
        break;
    case CV_LLU:
        add_unsigned(value, va_arg(args->list, unsigned long long));
        break;
    case CV_ZU:
        add_unsigned(value, va_arg(args->list, size_t));
        break;
    case CV_COUNT:
        break;
    }
}

bool log_value_format(struct slice pattern, struct log_args *args, struct log_value *ret_value)
{
    enum conversion only = find_conversion(pattern);

    ret_value->len = 0;
    ret_value->is_number = only > CV_DOT_S && only < CV_COUNT &&
                           strlen(conversions[only]) == pattern.len;
    while (pattern.len > 0) {
        size_t literal = slice_find(pattern, '%');

        add(ret_value, pattern.ptr, literal);
        pattern = (struct slice){ pattern.ptr + literal, pattern.len - literal };
        if (pattern.len == 0)
            break;
        only = find_conversion(pattern);
        assert(only != CV_COUNT);
        if (only == CV_COUNT)
            return false;
        add_argument(ret_value, only, args);
        (void)slice_drop_prefix(&pattern, slice_of(conversions[only]));
    }
    return true;
}
