#ifndef CLERK_STORE_POSTGRES_H
#define CLERK_STORE_POSTGRES_H

#include "worker/store_ops.h"

/* What store.c knows of PostgreSQL; the contracts are in store.h and store_read.h. */

const char *store_postgres_library(void);
enum status store_postgres_open(const struct store_conf *conf, struct store **ret_store,
                                char ret_why[STORE_ERROR_MAX]) MUST_CHECK;
enum status store_postgres_open_to_read(const char *url, struct store **ret_store,
                                        char ret_why[STORE_ERROR_MAX]) MUST_CHECK;

#endif
