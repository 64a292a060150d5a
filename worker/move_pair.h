#ifndef CLERK_MOVE_PAIR_H
#define CLERK_MOVE_PAIR_H

#include <stdint.h>

#include "worker/move_report.h"
#include "worker/move_table.h"
#include "worker/store.h"

/* The two ends of a move: rows are read from one, and written to or compared with the other. After
 * a failure, why is one line that names the end. */

enum { MOVE_ERROR_MAX = STORE_ERROR_MAX + 200, MOVE_KEY_SHOWN_MAX = 80 };

struct move_pair {
    /* SQLite, and PostgreSQL; to is NULL where there are no tables yet */
    struct store *from, *to;
    struct move_report report;
    char why[MOVE_ERROR_MAX];
};

/* Keeps the reason of an end for why where st is a failure; returns st. */
enum status move_pair_from(struct move_pair *pair, enum status st);
enum status move_pair_to(struct move_pair *pair, enum status st);

/* Reads the portion behind *key, as PostgreSQL has to hold it, and moves *key to its end; an empty
 * one: the table ends. The portion is yours. STATUS_BAD_DATA: it holds a row that PostgreSQL cannot
 * store. */
enum status move_pair_next(struct move_pair *pair, const struct move_table *table,
                           struct move_key *key, struct move_portion *ret_portion) MUST_CHECK;

/* Reads every row of the source, for those that cannot be stored, and adds up the bytes of their
 * texts. rows: how many there are, for the report. */
enum status move_pair_read(struct move_pair *pair, const struct move_table *table, int64_t rows,
                           int64_t *ret_bytes) MUST_CHECK;

/* What a table holds at both ends. */
struct move_comparison {
    /* rows at the source; of these, missing at the target or not the same there */
    int64_t rows, missing, different;
    /* rows at the target that the source has not */
    int64_t foreign;
    /* of the source's rows, and of those that the target has of them, in the order of the key */
    uint64_t sum_from, sum_to;
    /* the key of the first row that is missing or different, as far as it fits */
    char first[MOVE_KEY_SHOWN_MAX + 1];
};

/* Reads every row of the source and the one of its key at the target; rows as above. */
enum status move_pair_compare(struct move_pair *pair, const struct move_table *table, int64_t rows,
                              struct move_comparison *ret_comparison) MUST_CHECK;

#endif
