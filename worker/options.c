#include "worker/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/slice.h"

static enum status refuse(char *ret_error, const char *name, const char *why)
{
    snprintf(ret_error, OPTIONS_ERROR_MAX, "%.100s: %s", name, why);
    return STATUS_INVALID;
}

static const struct option_spec *find(const struct option_spec *specs, size_t count,
                                      struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equals(slice_of(specs[i].name), name))
            return &specs[i];
    return NULL;
}

static bool read_age(struct slice text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
    const int64_t most = 1000000000;
    int64_t number;
    for (size_t i = 0; text.len > 1 && i < sizeof(units) / sizeof(*units); i++) {
        if (text.ptr[text.len - 1] != units[i].unit)
            continue;
        if (!slice_to_i64((struct slice){ text.ptr, text.len - 1 }, 0, most, &number))
            return false;
        *ret_ms = number * units[i].ms;
        return true;
    }
    return false;
}

static enum status set_value(const struct option_spec *spec, const char *value, char *ret_error)
{
    char why[120];
    if (spec->kind == OPTION_TEXT && *value) {
        *(const char **)spec->target = value;
        return STATUS_OK;
    }
    if (spec->kind == OPTION_TEXT)
        return refuse(ret_error, spec->name, "the value is empty");
    if (spec->kind == OPTION_AGE)
        return read_age(slice_of(value), spec->target)
                   ? STATUS_OK
                   : refuse(ret_error, spec->name, "expected an age such as 90s, 15m, 2h or 7d");
    if (slice_to_i64(slice_of(value), spec->min, spec->max, spec->target))
        return STATUS_OK;
    snprintf(why, sizeof(why), "expected a whole number from %lld to %lld", (long long)spec->min,
             (long long)spec->max);
    return refuse(ret_error, spec->name, why);
}

/* One option at argv[*at]; moves *at to the last argument that belongs to it. */
static enum status read_option(int argc, char **argv, int *at, const struct option_spec *specs,
                               size_t spec_count, char *ret_error)
{
    struct slice text = slice_of(argv[*at]);
    size_t equals = slice_find(text, '=');
    const struct option_spec *spec = find(specs, spec_count, (struct slice){ text.ptr, equals });
    if (!spec)
        return refuse(ret_error, argv[*at], "unknown option, see --help");
    if (spec->kind == OPTION_FLAG) {
        if (equals < text.len)
            return refuse(ret_error, spec->name, "takes no value");
        *(bool *)spec->target = true;
        return STATUS_OK;
    }
    if (equals < text.len)
        return set_value(spec, argv[*at] + equals + 1, ret_error);
    if (*at + 1 == argc)
        return refuse(ret_error, spec->name, "the value is missing");
    ++*at;
    return set_value(spec, argv[*at], ret_error);
}

enum status options_read(int argc, char **argv, const struct option_spec *specs, size_t spec_count,
                         size_t *ret_words, char ret_error[OPTIONS_ERROR_MAX])
{
    size_t words = 0;
    bool ended = false;
    for (int at = 1; at < argc; at++) {
        char *arg = argv[at];
        if (ended || arg[0] != '-' || arg[1] == '\0') {
            argv[words++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            ended = true;
        } else {
            enum status st = read_option(argc, argv, &at, specs, spec_count, ret_error);
            if (st != STATUS_OK)
                return st;
        }
    }
    *ret_words = words;
    return STATUS_OK;
}

enum status options_read_alone(int argc, char **argv, const struct option_spec *specs,
                               size_t spec_count, char ret_error[OPTIONS_ERROR_MAX])
{
    size_t words = 0;
    enum status st = options_read(argc, argv, specs, spec_count, &words, ret_error);
    return st == STATUS_OK && words > 0 ? refuse(ret_error, argv[0], "takes no words, see --help")
                                        : st;
}
