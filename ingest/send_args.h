#ifndef CLERK_SEND_ARGS_H
#define CLERK_SEND_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "ingest/override.h"

/* The command line of `clerk-ingest send`: taken apart and checked as far as that is possible
 * without looking at samples, files or settings. Source of the form: POSIX, Utility Syntax
 * Guidelines, with GNU's long options. */

enum {
    SEND_OVERRIDES_MAX = 64,
    SEND_COUNT_MAX = 100000000, /* rounds */
    SEND_RATE_MAX = 1000000,    /* a second */
    SEND_CONCURRENCY_MAX = 1000,
    SEND_SKEW_MAX_S = 1000000000,
    SEND_ARGS_ERROR_MAX = 320,
};

/* Borrows from argv, which has to outlive it; owns the values of the overrides. */
struct send_args {
    /* --help and --list print and end; --all sends every sample and takes no targets */
    bool help;
    bool list;
    bool all;
    /* --shuffle: the events of all rounds out of order */
    bool shuffle;
    /* --bad-signature, --poison: what the receiving side has to refuse, or to bury */
    bool bad_signature;
    bool poison;
    /* --retry: repeat what is answered 5xx, 429 or not at all */
    bool retry;
    /* --count: rounds, 1..SEND_COUNT_MAX */
    int64_t count;
    /* --rate: events a second; 0: as fast as they are answered */
    int64_t rate;
    /* --concurrency: connections; 0: not given, which is one */
    int64_t concurrency;
    /* --duplicate: 0..100, how many of a hundred events are sent twice */
    int64_t duplicate_percent;
    /* --skew: seconds added to the timestamp, either way */
    int64_t skew_s;
    /* --ids-out, --url: NULL: not given; borrowed from argv */
    const char *ids_out;
    const char *url;
    /* --override, in the order given; their paths are borrowed from argv */
    struct override overrides[SEND_OVERRIDES_MAX];
    size_t override_count;
    /* types, patterns, files: the end of argv, borrowed */
    char **targets;
    size_t target_count;
};

/* Reads argv, argv[0] being the subcommand's name; options may stand behind targets, "--" ends
 * them. May reorder argv. --help and --list need no target, anything else does. STATUS_INVALID:
 * ret_error holds one line that says what is wrong. send_args_release() after STATUS_OK. */
enum status send_args_parse(int argc, char **argv, struct send_args *ret_args,
                            char ret_error[SEND_ARGS_ERROR_MAX]) MUST_CHECK;

/* Frees what the overrides hold. {0} is fine. */
void send_args_release(struct send_args *args);

#endif
