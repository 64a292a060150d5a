#ifndef CLERK_WORKER_CONF_H
#define CLERK_WORKER_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/address.h"
#include "common/conf.h"
#include "common/log.h"
#include "common/redis_url.h"
#include "common/status.h"
#include "worker/store.h"

enum { WORKER_NAME_MAX = 200, WORKER_TOKEN_MIN = 16, WORKER_TOKEN_MAX = 256 };

/* The settings of clerk-worker, as read and as taken apart. */
struct worker_conf {
    char *redis_url_text;
    char *database_url;
    char *stream_key;
    char *stream_group;
    char *admin_listen;
    char *admin_token; /* empty: none is set */
    char *instance_id;
    char *name_text;
    int64_t batch_size;
    int64_t block_ms;
    int64_t claim_idle_ms;
    int64_t delete_mode; /* enum store_delete_mode */
    int64_t dedupe_days;
    int64_t log_level;  /* enum log_level */
    int64_t log_format; /* enum log_format */

    struct redis_url redis_url;
    bool has_admin; /* false: WORKER_ADMIN_LISTEN is empty */
    struct address admin;
    char name[WORKER_NAME_MAX + 1]; /* WORKER_NAME, or host name and process id */
    bool has_own_name;              /* WORKER_NAME was set: the name outlives this process */
};

/* Reads the environment. STATUS_INVALID: ret_error has one line that names the variable; nothing is
 * to be released. */
enum status worker_conf_load(conf_lookup_fn *lookup, struct worker_conf *ret_conf,
                             char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Wipes secrets and frees. {0} is fine. */
void worker_conf_release(struct worker_conf *conf);

/* For --check and --help. */
void worker_conf_print(const struct worker_conf *conf, FILE *out);
void worker_conf_print_help(FILE *out);

#endif
