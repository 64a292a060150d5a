#ifndef CLERK_MOVE_H
#define CLERK_MOVE_H

#include <stdbool.h>
#include <stdio.h>

#include "worker/move_pair.h"

/* Copies a whole SQLite database into PostgreSQL and proves that it has arrived. */

struct move_conf {
    /* sqlite:… and postgres://…, both good URLs; borrowed */
    const char *from, *to;
    /* reads all and writes nothing */
    bool dry_run;
    /* where the progress and the result go */
    FILE *out;
    bool is_terminal;
};

/* Copies every table in portions, each in a transaction that also says how far the copy is, so that
 * one that was ended anywhere goes on where it was; then reads all rows again and compares both
 * sides; then gives the target free for workers. ret_why has one line after any failure, without
 * values but keys. STATUS_BAD_DATA: a row cannot be stored at the target, or the two sides are not
 * the same. STATUS_FATAL: the target is not ours to write to, or the source has changed since the
 * copy began. The others as store_open() and store.h have them. Blocks, for as long as it takes. */
enum status move_run(const struct move_conf *conf, char ret_why[MOVE_ERROR_MAX]) MUST_CHECK;

#endif
