#include "worker/worker_conf.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/redis_conf.h"
#include "common/stream.h"
#include "worker/queue_reader.h"
#include "worker/store_url.h"

static const char *const delete_modes[] = {
    [STORE_DELETE_HARD] = "hard", [STORE_DELETE_SOFT] = "soft", NULL
};
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const log_formats[] = { "logfmt", "json", NULL };

#define AT(field) offsetof(struct worker_conf, field)

static const struct conf_key keys[] = {
    { .name = "REDIS_URL",
      .kind = CONF_URL,
      .fallback = "redis://127.0.0.1:6379/0",
      .offset = AT(redis_url_text),
      .help =
          "where the stream is: redis://[user:password@]host:port/db, rediss://…, unix:///path, "
          "redis+sentinel://host:port,host:port/MASTER/db" },
    { .name = "REDIS_TLS_CA_FILE",
      .kind = CONF_TEXT,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "",
      .offset = AT(redis_ca_file),
      .help = "rediss://: certificates of who may sign the server's; empty: the system's" },
    { .name = "REDIS_TLS_CERT_FILE",
      .kind = CONF_TEXT,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "",
      .offset = AT(redis_cert_file),
      .help = "rediss://: our own certificate, where the server asks for one" },
    { .name = "REDIS_TLS_KEY_FILE",
      .kind = CONF_TEXT,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "",
      .offset = AT(redis_key_file),
      .help = "rediss://: its private key" },
    { .name = "DATABASE_URL",
      .kind = CONF_URL,
      .fallback = "sqlite:clerk.db",
      .offset = AT(database_url),
      .help =
          "where the tables go: sqlite:PATH or postgres://user:password@host/name?schema=clerk" },
    { .name = "STREAM_KEY",
      .kind = CONF_TEXT,
      .fallback = STREAM_KEY_DEFAULT,
      .offset = AT(stream_key),
      .help = "Redis key of the stream" },
    { .name = "STREAM_GROUP",
      .kind = CONF_TEXT,
      .fallback = STREAM_GROUP_DEFAULT,
      .offset = AT(stream_group),
      .help = "consumer group" },
    { .name = "WORKER_ADMIN_LISTEN",
      .kind = CONF_TEXT,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "127.0.0.1:9101",
      .offset = AT(admin_listen),
      .help = "the page, /livez, /readyz and /metrics; empty: off" },
    { .name = "WORKER_ADMIN_TOKEN",
      .kind = CONF_SECRET,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "",
      .offset = AT(admin_token),
      .help = "asked for by the page, at least 16 bytes; empty: the page is for loopback only" },
    { .name = "CLERK_INSTANCE_ID",
      .kind = CONF_TEXT,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "",
      .offset = AT(instance_id),
      .help = "events of another instance are ignored; empty: any" },
    { .name = "BATCH_SIZE",
      .kind = CONF_INT,
      .fallback = "500",
      .min = 1,
      .max = QUEUE_BATCH_MAX,
      .offset = AT(batch_size),
      .help = "events in one transaction, at most" },
    { .name = "BLOCK_MS",
      .kind = CONF_INT,
      .fallback = "1000",
      .min = 10,
      .max = 10000,
      .offset = AT(block_ms),
      .help = "wait for new events; also how long SIGTERM may go unnoticed" },
    { .name = "CLAIM_IDLE_MS",
      .kind = CONF_INT,
      .fallback = "30000",
      .min = 1000,
      .max = 3600000,
      .offset = AT(claim_idle_ms),
      .help = "events that another worker has held this long are taken over" },
    { .name = "DELETE_MODE",
      .kind = CONF_CHOICE,
      .fallback = "hard",
      .choices = delete_modes,
      .offset = AT(delete_mode),
      .help = "hard removes rows, soft sets deleted_at" },
    { .name = "DEDUPE_DAYS",
      .kind = CONF_INT,
      .fallback = "30",
      .min = 3,
      .max = 3650,
      .offset = AT(dedupe_days),
      .help = "how long webhook_events remembers a svix-id" },
    { .name = "WORKER_NAME",
      .kind = CONF_TEXT,
      .flags = CONF_MAY_BE_EMPTY,
      .fallback = "",
      .offset = AT(name_text),
      .help = "consumer name, one for each process; empty: host name and process id" },
    { .name = "LOG_LEVEL",
      .kind = CONF_CHOICE,
      .fallback = "info",
      .choices = log_levels,
      .offset = AT(log_level),
      .help = "least level that is printed" },
    { .name = "LOG_FORMAT",
      .kind = CONF_CHOICE,
      .fallback = "logfmt",
      .choices = log_formats,
      .offset = AT(log_format),
      .help = "one line, one event" },
};

enum { KEY_COUNT = sizeof(keys) / sizeof(*keys) };

static enum status fail(char *ret_error, const char *name, const char *why)
{
    snprintf(ret_error, CONF_ERROR_MAX, "%s: %s", name, why);
    return STATUS_INVALID;
}

static enum status check_token(const struct worker_conf *conf, char *ret_error)
{
    size_t len = strlen(conf->admin_token);
    if (len == 0 || (len >= WORKER_TOKEN_MIN && len <= WORKER_TOKEN_MAX))
        return STATUS_OK;
    return fail(ret_error, "WORKER_ADMIN_TOKEN", "not 16 to 256 bytes; openssl rand -hex 24");
}

static enum status choose_name(struct worker_conf *conf, char *ret_error)
{
    conf->has_own_name = conf->name_text[0] != '\0';
    if (strlen(conf->name_text) > WORKER_NAME_MAX)
        return fail(ret_error, "WORKER_NAME", "longer than 200 bytes");
    if (conf->has_own_name) {
        snprintf(conf->name, sizeof(conf->name), "%s", conf->name_text);
        return STATUS_OK;
    }
    char host[128] = "worker";
    if (gethostname(host, sizeof(host) - 1) != 0)
        snprintf(host, sizeof(host), "worker");
    snprintf(conf->name, sizeof(conf->name), "%s-%ld", host, (long)getpid());
    return STATUS_OK;
}

static enum status take_apart(struct worker_conf *conf, char *ret_error)
{
    struct redis_tls_files files = { conf->redis_ca_file, conf->redis_cert_file,
                                     conf->redis_key_file };
    enum status st = redis_conf_read(conf->redis_url_text, files, &conf->redis_url, ret_error);
    if (st != STATUS_OK)
        return st;
    char why[STORE_ERROR_MAX];
    if (store_url_check(conf->database_url, why) != STATUS_OK)
        return fail(ret_error, "DATABASE_URL", why);
    conf->has_admin = conf->admin_listen[0] != '\0';
    if (conf->has_admin && address_parse(slice_of(conf->admin_listen), &conf->admin) != STATUS_OK)
        return fail(ret_error, "WORKER_ADMIN_LISTEN", "not HOST:PORT");
    st = check_token(conf, ret_error);
    if (st != STATUS_OK)
        return st;
    return choose_name(conf, ret_error);
}

enum status worker_conf_load(conf_lookup_fn *lookup, struct worker_conf *ret_conf,
                             char ret_error[CONF_ERROR_MAX])
{
    struct worker_conf conf = { 0 };
    enum status st = conf_load(keys, KEY_COUNT, lookup, &conf, ret_error);
    if (st == STATUS_OK)
        st = take_apart(&conf, ret_error);
    if (st != STATUS_OK) {
        worker_conf_release(&conf);
        return st;
    }
    *ret_conf = conf;
    return STATUS_OK;
}

void worker_conf_release(struct worker_conf *conf)
{
    conf_release(keys, KEY_COUNT, conf);
    redis_url_wipe(&conf->redis_url);
}

void worker_conf_print(const struct worker_conf *conf, FILE *out)
{
    conf_print(keys, KEY_COUNT, conf, out);
}

void worker_conf_print_help(FILE *out)
{
    conf_print_help(keys, KEY_COUNT, out);
}
