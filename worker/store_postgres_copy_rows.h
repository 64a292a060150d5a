#ifndef CLERK_STORE_POSTGRES_COPY_ROWS_H
#define CLERK_STORE_POSTGRES_COPY_ROWS_H

#include "common/status.h"

struct move_portion;
struct store_postgres;

/* Between the two halves of copying into PostgreSQL; nobody else includes this. */

/* Inserts the rows of a portion whose keys and clerk_ids are not there, inside the open
 * transaction. Sent only; the answer is owed. */
enum status pg_copy_insert(struct store_postgres *store,
                           const struct move_portion *portion) MUST_CHECK;

#endif
