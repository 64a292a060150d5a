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
    /* REDIS_URL, DATABASE_URL, STREAM_KEY, STREAM_GROUP, WORKER_ADMIN_LISTEN, CLERK_INSTANCE_ID and
     * WORKER_NAME as given, never NULL; the last three may be "". */
    char *redis_url_text;
    /* REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE, REDIS_TLS_KEY_FILE; "" where unset */
    char *redis_ca_file;
    char *redis_cert_file;
    char *redis_key_file;
    char *database_url;
    char *stream_key;
    char *stream_group;
    char *admin_listen;
    char *admin_token; /* empty: none is set */
    char *instance_id;
    char *name_text;

    /* BATCH_SIZE: events in one transaction, 1..QUEUE_BATCH_MAX. */
    int64_t batch_size;
    /* BLOCK_MS: how long one read waits for new events, and so how long a stop may take. */
    int64_t block_ms;
    /* CLAIM_IDLE_MS: see queue_conf. */
    int64_t claim_idle_ms;
    /* DELETE_MODE: an enum store_delete_mode. */
    int64_t delete_mode;
    /* DEDUPE_DAYS: how long the ledger remembers a svix-id; at least as long as Svix repeats. */
    int64_t dedupe_days;
    /* LOG_LEVEL, LOG_FORMAT: an enum log_level and an enum log_format. */
    int64_t log_level;
    int64_t log_format;

    /* What follows from them: the Redis address taken apart, its password included. */
    struct redis_url redis_url;
    /* false: WORKER_ADMIN_LISTEN is empty, and admin is not set */
    bool has_admin;
    struct address admin;
    /* the consumer's name: WORKER_NAME, or host name and process id */
    char name[WORKER_NAME_MAX + 1];
    /* WORKER_NAME was set: the name outlives this process, and so do its pending entries */
    bool has_own_name;
};

/* Reads the environment through lookup and checks all of it, so that a program that starts at all
 * has good settings. Reads NAME_FILE files, blocks for that only. STATUS_INVALID: ret_error has one
 * line that names the variable and the fault, never a secret's value; nothing is to be released. */
enum status worker_conf_load(conf_lookup_fn *lookup, struct worker_conf *ret_conf,
                             char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Wipes secrets and frees. {0} is fine. */
void worker_conf_release(struct worker_conf *conf);

/* Print to out: the effective settings with passwords masked (--check), and the names, defaults and
 * bounds of all (--help). */
void worker_conf_print(const struct worker_conf *conf, FILE *out);
void worker_conf_print_help(FILE *out);

#endif
