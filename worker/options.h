#ifndef CLERK_OPTIONS_H
#define CLERK_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

/* The command line of a subcommand, read by a table. Source of the form: POSIX, Utility Syntax
 * Guidelines, with GNU's long options. */

enum { OPTIONS_ERROR_MAX = 320 };

enum option_kind {
    /* bool: becomes true */
    OPTION_FLAG,
    /* const char *: borrowed from argv, never empty */
    OPTION_TEXT,
    /* int64_t within min..max */
    OPTION_COUNT,
    /* int64_t, milliseconds: a whole number and s, m, h or d; "90s", "15m", "7d" */
    OPTION_AGE,
};

struct option_spec {
    /* with its dashes */
    const char *name;
    enum option_kind kind;
    /* of the type that kind names; untouched when the option is not given */
    void *target;
    /* OPTION_COUNT */
    int64_t min, max;
};

/* Reads argv[1] and what follows. "--name VALUE" and "--name=VALUE" are the same, "--" ends the
 * options, "-" is a word. Words that are no options move to the front of argv, in their order;
 * *ret_words is their number. STATUS_INVALID: ret_error holds one line that says what is wrong. */
enum status options_read(int argc, char **argv, const struct option_spec *specs, size_t spec_count,
                         size_t *ret_words, char ret_error[OPTIONS_ERROR_MAX]) MUST_CHECK;

/* The same for a subcommand that takes options and no words: a word is STATUS_INVALID, too. */
enum status options_read_alone(int argc, char **argv, const struct option_spec *specs,
                               size_t spec_count, char ret_error[OPTIONS_ERROR_MAX]) MUST_CHECK;

#endif
