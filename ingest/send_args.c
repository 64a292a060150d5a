#include "ingest/send_args.h"

#include <getopt.h>
#include <stdio.h>

#include "common/slice.h"

enum { ERROR_TEXT_MAX = 200 };

enum kind { FLAG, NUMBER, PERCENT, TEXT, OVERRIDE };

#define FIELD(name) offsetof(struct send_args, name)

static const struct row {
    const char *name;
    enum kind kind;
    size_t field; /* of struct send_args: a bool, an int64_t, or a const char * */
    int64_t min, max;
} rows[] = {
    { "all", FLAG, FIELD(all), 0, 0 },
    { "bad-signature", FLAG, FIELD(bad_signature), 0, 0 },
    { "concurrency", NUMBER, FIELD(concurrency), 1, SEND_CONCURRENCY_MAX },
    { "count", NUMBER, FIELD(count), 1, SEND_COUNT_MAX },
    { "duplicate", PERCENT, FIELD(duplicate_percent), 0, 100 },
    { "help", FLAG, FIELD(help), 0, 0 },
    { "ids-out", TEXT, FIELD(ids_out), 0, 0 },
    { "list", FLAG, FIELD(list), 0, 0 },
    { "override", OVERRIDE, 0, 0, 0 },
    { "poison", FLAG, FIELD(poison), 0, 0 },
    { "rate", NUMBER, FIELD(rate), 1, SEND_RATE_MAX },
    { "retry", FLAG, FIELD(retry), 0, 0 },
    { "shuffle", FLAG, FIELD(shuffle), 0, 0 },
    { "skew", NUMBER, FIELD(skew_s), -SEND_SKEW_MAX_S, SEND_SKEW_MAX_S },
    { "url", TEXT, FIELD(url), 0, 0 },
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]), FIRST_OPTION = 256 /* no character */ };

static enum status refuse(char *ret_error, const char *why, const char *text)
{
    snprintf(ret_error, SEND_ARGS_ERROR_MAX, "%s: %.*s", why, ERROR_TEXT_MAX, text);
    return STATUS_INVALID;
}

static enum status add_override(struct send_args *args, const char *text, char *ret_error)
{
    if (args->override_count == SEND_OVERRIDES_MAX)
        return refuse(ret_error, "too many overrides", text);
    if (override_parse(text, &args->overrides[args->override_count]) != STATUS_OK)
        return refuse(ret_error, "not of the form PATH=VALUE", text);
    args->override_count++;
    return STATUS_OK;
}

static enum status take_number(const struct row *row, int64_t *field, char *ret_error)
{
    struct slice text = slice_of(optarg);
    if (row->kind == PERCENT && slice_ends_with(text, SLICE("%")))
        text.len--;
    if (slice_to_i64(text, row->min, row->max, field))
        return STATUS_OK;
    snprintf(ret_error, SEND_ARGS_ERROR_MAX, "--%s needs a number from %lld to %lld: %.*s",
             row->name, (long long)row->min, (long long)row->max, ERROR_TEXT_MAX, optarg);
    return STATUS_INVALID;
}

static enum status take_row(struct send_args *args, const struct row *row, char *ret_error)
{
    char *field = (char *)args + row->field;
    switch (row->kind) {
    case FLAG:
        *(bool *)(void *)field = true;
        return STATUS_OK;
    case TEXT:
        *(const char **)(void *)field = optarg;
        return STATUS_OK;
    case OVERRIDE:
        return add_override(args, optarg, ret_error);
    case NUMBER:
    case PERCENT:
        break;
    }
    return take_number(row, (int64_t *)(void *)field, ret_error);
}

static enum status take_option(struct send_args *args, int option, char **argv, char *ret_error)
{
    if (option >= FIRST_OPTION)
        return take_row(args, &rows[option - FIRST_OPTION], ret_error);
    return refuse(ret_error,
                  option == ':' ? "this option needs a value" : "unknown option, see --help",
                  argv[optind - 1]);
}

static enum status check(const struct send_args *args, char *ret_error)
{
    if (args->help || args->list || args->all != (args->target_count > 0))
        return STATUS_OK;
    if (args->all)
        return refuse(ret_error, "--all takes no TYPE or FILE", args->targets[0]);
    return refuse(ret_error, "nothing to send; usage",
                  "clerk-ingest send [--url URL] [--list] [--count N] [--override PATH=VALUE]... "
                  "[--all] TYPE|FILE...; see --help");
}

enum status send_args_parse(int argc, char **argv, struct send_args *ret_args,
                            char ret_error[SEND_ARGS_ERROR_MAX])
{
    struct option options[ROW_COUNT + 1] = { { 0 } };
    struct send_args args = { .count = 1 };
    enum status st = STATUS_OK;
    int option;
    for (int i = 0; i < ROW_COUNT; i++) {
        options[i].name = rows[i].name;
        options[i].has_arg = rows[i].kind == FLAG ? no_argument : required_argument;
        options[i].val = FIRST_OPTION + i;
    }
    opterr = 0; /* we say it in our own words */
    optind = 0; /* 0: also forget where an earlier getopt() stood inside a word */
    while (st == STATUS_OK && (option = getopt_long(argc, argv, ":", options, NULL)) != -1)
        st = take_option(&args, option, argv, ret_error);
    if (st == STATUS_OK) {
        args.targets = argv + optind;
        args.target_count = (size_t)(argc - optind);
        st = check(&args, ret_error);
    }
    if (st == STATUS_OK)
        *ret_args = args;
    else
        send_args_release(&args);
    return st;
}

void send_args_release(struct send_args *args)
{
    for (size_t i = 0; i < args->override_count; i++)
        override_release(&args->overrides[i]);
    args->override_count = 0;
}
