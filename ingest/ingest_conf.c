#include "ingest/ingest_conf.h"

#include <stdlib.h>
#include <string.h>

#include "common/redis_conf.h"
#include "common/stream.h"

#define FIELD(name) offsetof(struct ingest_conf, name)

enum { SECRETS_KEY = 0, ADMIN_KEY = 9 };

static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const log_formats[] = { "logfmt", "json", NULL };

/* clang-format off */
static const struct conf_key keys[] = {
    [SECRETS_KEY] = { "CLERK_WEBHOOK_SIGNING_SECRET", "CLERK_WEBHOOK_SECRET", CONF_SECRET, 0, NULL, 0, 0, NULL,
      FIELD(secrets), "one or more whsec_ secrets, separated by spaces or commas; read again on SIGHUP" },
    { "REDIS_URL", NULL, CONF_URL, 0, "redis://127.0.0.1:6379/0", 0, 0, NULL,
      FIELD(redis_url_text), "redis://[user:password@]host:port/db, rediss://…, unix:///path, "
      "redis+sentinel://host:port,host:port/MASTER/db" },
    { "REDIS_TLS_CA_FILE", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "", 0, 0, NULL,
      FIELD(redis_ca_file), "rediss://: certificates of who may sign the server's; empty: the system's" },
    { "REDIS_TLS_CERT_FILE", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "", 0, 0, NULL,
      FIELD(redis_cert_file), "rediss://: our own certificate, where the server asks for one" },
    { "REDIS_TLS_KEY_FILE", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "", 0, 0, NULL,
      FIELD(redis_key_file), "rediss://: its private key" },
    { "STREAM_KEY", NULL, CONF_TEXT, 0, STREAM_KEY_DEFAULT, 0, 0, NULL,
      FIELD(stream_key), "the stream that webhooks are added to" },
    { "STREAM_GROUP", NULL, CONF_TEXT, 0, STREAM_GROUP_DEFAULT, 0, 0, NULL,
      FIELD(stream_group), "the consumer group, created where it is missing" },
    { "INGEST_LISTEN", NULL, CONF_TEXT, 0, "0.0.0.0:3000", 0, 0, NULL,
      FIELD(listen_text), "host:port or [IPv6]:port for webhooks" },
    { "PORT", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "", 0, 0, NULL,
      FIELD(port_text), "replaces the port of INGEST_LISTEN" },
    [ADMIN_KEY] = { "INGEST_ADMIN_LISTEN", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "127.0.0.1:9100", 0, 0, NULL,
      FIELD(admin_text), "host:port for /livez, /readyz and /metrics; empty: off" },
    { "WEBHOOK_PATHS", NULL, CONF_TEXT, 0, "/api/webhooks /api/webhooks/clerk /webhooks/clerk", 0, 0, NULL,
      FIELD(webhook_paths), "paths that take webhooks, separated by spaces or commas" },
    { "EVENT_TYPES", NULL, CONF_TEXT, 0, "*", 0, 0, NULL,
      FIELD(event_types_text), "patterns such as user.* organization*.*; others are answered 200 and not stored" },
    { "TOLERANCE_S", NULL, CONF_INT, 0, "300", 1, 86400, NULL,
      FIELD(tolerance_s), "how far a webhook's timestamp may be from this clock, both ways" },
    { "BODY_LIMIT", NULL, CONF_BYTES, 0, "1MiB", 1024, 64 * 1024 * 1024, NULL,
      FIELD(body_limit_bytes), "the largest body that is read" },
    { "MAX_CONNECTIONS", NULL, CONF_INT, 0, "10000", 1, 1000000, NULL,
      FIELD(max_connections), "open HTTP connections; at the limit accepting pauses" },
    { "REQUEST_DEADLINE_MS", NULL, CONF_INT, 0, "10000", 100, 600000, NULL,
      FIELD(request_deadline_ms), "the time a request may take from its first byte to its answer" },
    { "MAX_IN_FLIGHT", NULL, CONF_INT, 0, "10000", 1, 1000000, NULL,
      FIELD(max_in_flight), "webhooks that wait for Redis; above it the answer is 503" },
    { "LOG_LEVEL", NULL, CONF_CHOICE, 0, "info", 0, 0, log_levels,
      FIELD(log_level), "the least important lines that are printed" },
    { "LOG_FORMAT", NULL, CONF_CHOICE, 0, "logfmt", 0, 0, log_formats,
      FIELD(log_format), "how lines are printed" },
};
/* clang-format on */

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static enum status invalid(char ret_error[CONF_ERROR_MAX], const char *name, const char *why)
{
    snprintf(ret_error, CONF_ERROR_MAX, "%s: %s", name, why);
    return STATUS_INVALID;
}

static enum status derive_keys(const char *text, struct signature_keys **ret_keys,
                               char ret_error[CONF_ERROR_MAX])
{
    char why[SIGNATURE_ERROR_MAX] = "";
    enum status st = signature_keys_new(slice_of(text), ret_keys, why);

    if (st != STATUS_OK)
        (void)invalid(ret_error, keys[SECRETS_KEY].name, why);
    return st;
}

static enum status derive_redis(struct ingest_conf *conf, char ret_error[CONF_ERROR_MAX])
{
    struct redis_tls_files files = { conf->redis_ca_file, conf->redis_cert_file,
                                     conf->redis_key_file };

    return redis_conf_read(conf->redis_url_text, files, &conf->redis, ret_error);
}

static enum status derive_admin(const char *text, bool *ret_on, struct address *ret_address,
                                char ret_error[CONF_ERROR_MAX])
{
    bool on = text[0] != '\0';

    if (on && address_parse(slice_of(text), ret_address) != STATUS_OK)
        return invalid(ret_error, keys[ADMIN_KEY].name,
                       "expected host:port, [IPv6]:port or nothing");
    *ret_on = on;
    return STATUS_OK;
}

static enum status derive_addresses(struct ingest_conf *conf, char ret_error[CONF_ERROR_MAX])
{
    int64_t port = 0;

    if (address_parse(slice_of(conf->listen_text), &conf->listen) != STATUS_OK)
        return invalid(ret_error, "INGEST_LISTEN", "expected host:port or [IPv6]:port");
    if (conf->port_text[0] != '\0') {
        if (!slice_to_i64(slice_of(conf->port_text), 0, 65535, &port))
            return invalid(ret_error, "PORT", "expected a number from 0 to 65535");
        conf->listen.port = (int)port;
    }
    return derive_admin(conf->admin_text, &conf->admin_on, &conf->admin, ret_error);
}

/* A path is compared byte by byte with what comes over the wire, so it has to be in that form. */
static bool path_is_valid(struct slice path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~' || path.ptr[i] == '?' || path.ptr[i] == '#')
            return false;
    return path.len > 0 && path.len <= INGEST_PATH_LEN_MAX && path.ptr[0] == '/';
}

static enum status derive_paths(struct ingest_conf *conf, char ret_error[CONF_ERROR_MAX])
{
    struct slice rest = slice_of(conf->webhook_paths);
    struct slice path;

    while (slice_next_word(&rest, &path)) {
        if (conf->path_count == INGEST_PATHS_MAX)
            return invalid(ret_error, "WEBHOOK_PATHS", "more than 16 paths");
        if (!path_is_valid(path))
            return invalid(ret_error, "WEBHOOK_PATHS",
                           "a path starts with / and has at most 256 visible ASCII characters, "
                           "without ? and #");
        conf->paths[conf->path_count++] = path;
    }
    if (conf->path_count == 0)
        return invalid(ret_error, "WEBHOOK_PATHS", "holds no path");
    return STATUS_OK;
}

static enum status derive_filter(struct ingest_conf *conf, char ret_error[CONF_ERROR_MAX])
{
    char why[EVENT_FILTER_ERROR_MAX] = "";

    if (event_filter_parse(slice_of(conf->event_types_text), &conf->filter, why) != STATUS_OK)
        return invalid(ret_error, "EVENT_TYPES", why);
    return STATUS_OK;
}

static enum status derive_all(struct ingest_conf *conf, char ret_error[CONF_ERROR_MAX])
{
    enum status st = derive_keys(conf->secrets, &conf->keys, ret_error);

    if (st == STATUS_OK)
        st = derive_redis(conf, ret_error);
    if (st == STATUS_OK)
        st = derive_addresses(conf, ret_error);
    if (st == STATUS_OK)
        st = derive_paths(conf, ret_error);
    if (st == STATUS_OK)
        st = derive_filter(conf, ret_error);
    return st;
}

enum status ingest_conf_load(conf_lookup_fn *lookup, struct ingest_conf *ret_conf,
                             char ret_error[CONF_ERROR_MAX])
{
    struct ingest_conf conf;
    enum status st;

    memset(&conf, 0, sizeof(conf));
    st = conf_load(keys, KEY_COUNT, lookup, &conf, ret_error);
    if (st == STATUS_OK)
        st = derive_all(&conf, ret_error);
    if (st == STATUS_OK)
        *ret_conf = conf;
    else
        ingest_conf_release(&conf);
    redis_url_wipe(&conf.redis); /* the copy on this stack */
    return st;
}

enum status ingest_conf_reload_keys(conf_lookup_fn *lookup, struct signature_keys **ret_keys,
                                    char ret_error[CONF_ERROR_MAX])
{
    char *text = NULL;
    enum status st = conf_reload_text(&keys[SECRETS_KEY], lookup, &text, ret_error);

    if (st != STATUS_OK)
        return st;
    st = derive_keys(text, ret_keys, ret_error);
    conf_wipe(text, strlen(text));
    free(text);
    return st;
}

enum status ingest_conf_admin(conf_lookup_fn *lookup, bool *ret_on, struct address *ret_address,
                              char ret_error[CONF_ERROR_MAX])
{
    char *text = NULL;
    enum status st = conf_reload_text(&keys[ADMIN_KEY], lookup, &text, ret_error);

    if (st != STATUS_OK)
        return st;
    st = derive_admin(text, ret_on, ret_address, ret_error);
    free(text);
    return st;
}

void ingest_conf_print(const struct ingest_conf *conf, FILE *out)
{
    conf_print(keys, KEY_COUNT, conf, out);
}

void ingest_conf_print_help(FILE *out)
{
    conf_print_help(keys, KEY_COUNT, out);
}

void ingest_conf_release(struct ingest_conf *conf)
{
    signature_keys_free(conf->keys);
    redis_url_wipe(&conf->redis);
    conf_release(keys, KEY_COUNT, conf);
    memset(conf, 0, sizeof(*conf));
}
