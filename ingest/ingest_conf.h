#ifndef CLERK_INGEST_CONF_H
#define CLERK_INGEST_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/address.h"
#include "common/conf.h"
#include "common/redis_url.h"
#include "common/slice.h"
#include "common/status.h"
#include "ingest/event_filter.h"
#include "ingest/signature.h"

/* The settings of clerk-ingest: what the environment says, and what follows from it. */

enum { INGEST_PATHS_MAX = 16, INGEST_PATH_LEN_MAX = 256 };

struct ingest_conf {
    /* The settings as given, filled from the table in ingest_conf.c. Texts are never NULL. */

    /* CLERK_WEBHOOK_SIGNING_SECRET: all secrets in one text. */
    char *secrets;
    /* REDIS_URL; REDIS_TLS_CA_FILE, REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE, "" where unset;
     * STREAM_KEY, STREAM_GROUP */
    char *redis_url_text;
    char *redis_ca_file;
    char *redis_cert_file;
    char *redis_key_file;
    char *stream_key;
    char *stream_group;
    /* INGEST_LISTEN; PORT, "" where it is unset; INGEST_ADMIN_LISTEN, "" for off */
    char *listen_text;
    char *port_text;
    char *admin_text;
    /* WEBHOOK_PATHS and EVENT_TYPES; paths and filter below point into them */
    char *webhook_paths;
    char *event_types_text;
    /* TOLERANCE_S: see signature_verify() */
    int64_t tolerance_s;
    /* BODY_LIMIT: of one request; a longer one is answered 413 */
    int64_t body_limit_bytes;
    /* MAX_CONNECTIONS, REQUEST_DEADLINE_MS: see conn_guard_conf */
    int64_t max_connections;
    int64_t request_deadline_ms;
    /* MAX_IN_FLIGHT: XADDs that wait for an answer; above it the answer is 503 */
    int64_t max_in_flight;
    /* LOG_LEVEL, LOG_FORMAT: an enum log_level and an enum log_format */
    int64_t log_level;
    int64_t log_format;

    /* What follows from them. */

    /* the secrets, ready for use; whoever takes them sets this to NULL */
    struct signature_keys *keys;
    /* the Redis address taken apart, its password included */
    struct redis_url redis;
    /* INGEST_LISTEN with the port of PORT */
    struct address listen;
    /* admin is set only where admin_on is true */
    struct address admin;
    bool admin_on;
    /* 1..INGEST_PATHS_MAX of them, compared byte by byte with what comes over the wire */
    struct slice paths[INGEST_PATHS_MAX];
    size_t path_count;
    struct event_filter filter;
};

/* Reads and checks everything. STATUS_INVALID: ret_error holds one line that names the setting and
 * the fault, never a secret's value; nothing is left to release. STATUS_FATAL: OpenSSL failed its
 * self-test. Reads NAME_FILE files and blocks for that only. */
enum status ingest_conf_load(conf_lookup_fn *lookup, struct ingest_conf *ret_conf,
                             char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Reads the secrets again. *ret_keys: the new ones, yours to free. Errors as above; the caller
 * keeps the old ones then. */
enum status ingest_conf_reload_keys(conf_lookup_fn *lookup, struct signature_keys **ret_keys,
                                    char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Reads INGEST_ADMIN_LISTEN alone, so that --healthcheck needs no secret. *ret_on: false when the
 * endpoint is switched off, and then *ret_address is untouched. Errors as above. */
enum status ingest_conf_admin(conf_lookup_fn *lookup, bool *ret_on, struct address *ret_address,
                              char ret_error[CONF_ERROR_MAX]) MUST_CHECK;

/* Prints the effective settings, secrets masked (--check). */
void ingest_conf_print(const struct ingest_conf *conf, FILE *out);

/* Prints names, defaults and meaning (--help). */
void ingest_conf_print_help(FILE *out);

/* Wipes and frees all. {0} is fine. */
void ingest_conf_release(struct ingest_conf *conf);

#endif
