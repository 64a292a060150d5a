#ifndef CLERK_LISTING_H
#define CLERK_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/slice.h"

/* What the operator's commands print: columns with titles on a terminal, plain lines with TABs in
 * between and without titles for a pipe. */

enum { LISTING_CELL_MAX = 32 /* bytes of a formatted number, the NUL included */ };

struct listing_column {
    const char *title;
    /* on a terminal; a longer text pushes the rest aside, nothing is cut */
    int width;
};

struct listing {
    FILE *out;
    /* columns and titles; false: TABs and nothing else */
    bool is_terminal;
    /* count of them, borrowed */
    const struct listing_column *columns;
    size_t count;
    /* column of the next cell */
    size_t at;
};

/* Prints the titles where there are any to print. */
struct listing listing_begin(FILE *out, bool is_terminal, const struct listing_column *columns,
                             size_t count);

/* Prints the next cell, a text ("-" for an empty one, safely as below) or a number; the last one of
 * a row ends the line. A write that fails shows in ferror(). */
void listing_cell(struct listing *list, struct slice text);
void listing_number(struct listing *list, int64_t number);

/* Prints text so that it cannot steer a terminal: control characters (C1 among them), and every
 * non-ASCII byte of a text that is not UTF-8, become '?'. */
void listing_print_safely(FILE *out, struct slice text);

/* A span of time for a person: "0 s", "42 s", "12 min", "3.5 h", "8 d". Negative counts as 0. */
void listing_age(int64_t ms, char ret_text[LISTING_CELL_MAX]);

/* A size for a person: "512 B", "1.5 KiB", "12 MiB". */
void listing_size(int64_t bytes, char ret_text[LISTING_CELL_MAX]);

#endif
