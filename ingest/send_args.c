#include "ingest/send_args.h"

#include <getopt.h>
#include <stdio.h>

#include "common/slice.h"

enum { ERROR_TEXT_MAX = 200 };

static const struct option options[] = {
    { "all", no_argument, NULL, 'a' },
    { "count", required_argument, NULL, 'n' },
    { "help", no_argument, NULL, 'h' },
    { "list", no_argument, NULL, 'l' },
    { "override", required_argument, NULL, 'o' },
    { "url", required_argument, NULL, 'u' },
    { NULL, 0, NULL, 0 },
};

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

static enum status take_option(struct send_args *args, int option, char **argv, char *ret_error)
{
    switch (option) {
    case 'a':
        args->all = true;
        return STATUS_OK;
    case 'h':
        args->help = true;
        return STATUS_OK;
    case 'l':
        args->list = true;
        return STATUS_OK;
    case 'u':
        args->url = optarg;
        return STATUS_OK;
    case 'o':
        return add_override(args, optarg, ret_error);
    case 'n':
        if (slice_to_i64(slice_of(optarg), 1, SEND_COUNT_MAX, &args->count))
            return STATUS_OK;
        return refuse(ret_error, "--count needs a number from 1 to 100000000", optarg);
    case ':':
        return refuse(ret_error, "this option needs a value", argv[optind - 1]);
    default:
        return refuse(ret_error, "unknown option, see --help", argv[optind - 1]);
    }
}

static enum status check(const struct send_args *args, char *ret_error)
{
    if (args->help || args->list || args->all != (args->target_count > 0))
        return STATUS_OK;
    if (args->all)
        return refuse(ret_error, "--all takes no TYPE or FILE", args->targets[0]);
    return refuse(ret_error, "nothing to send; usage",
                  "clerk-ingest send [--url URL] [--list] [--count N] [--override PATH=VALUE]... "
                  "[--all] TYPE|FILE...");
}

enum status send_args_parse(int argc, char **argv, struct send_args *ret_args,
                            char ret_error[SEND_ARGS_ERROR_MAX])
{
    struct send_args args = { .count = 1 };
    enum status st = STATUS_OK;
    int option;
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
