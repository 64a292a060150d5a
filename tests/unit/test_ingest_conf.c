#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/ingest_conf.h"

#define SECRET       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The environment of the running case: names and values by turns. */
enum { ENVIRONMENT_MAX = 8 };
static const char *environment[2 * ENVIRONMENT_MAX + 1];

static const char *lookup(const char *name)
{
    for (size_t i = 0; environment[i]; i += 2)
        if (strcmp(environment[i], name) == 0)
            return environment[i + 1];
    return NULL;
}

static void set_environment(const char *name, const char *value)
{
    environment[0] = "CLERK_WEBHOOK_SIGNING_SECRET";
    environment[1] = SECRET;
    environment[2] = name;
    environment[3] = value;
    environment[4] = NULL;
}

/* With one setting beside the secret. */
static struct ingest_conf load(const char *name, const char *value)
{
    struct ingest_conf conf;
    char error[CONF_ERROR_MAX] = "";

    set_environment(name, value);
    if (ingest_conf_load(lookup, &conf, error) != STATUS_OK)
        fail_msg("%s=%s: %s", name ? name : "", value ? value : "", error);
    return conf;
}

static void conf_needs_nothing_but_a_secret(void **state)
{
    struct ingest_conf conf = load(NULL, NULL);

    (void)state;
    assert_int_equal(signature_keys_count(conf.keys), 1);
    assert_string_equal(conf.listen.host, "0.0.0.0");
    assert_int_equal(conf.listen.port, 3000);
    assert_true(conf.admin_on);
    assert_string_equal(conf.admin.host, "127.0.0.1");
    assert_int_equal(conf.admin.port, 9100);
    assert_string_equal(conf.redis.at.host, "127.0.0.1");
    assert_int_equal(conf.redis.at.port, 6379);
    assert_string_equal(conf.stream_key, "clerk:events");
    assert_string_equal(conf.stream_group, "workers");
    assert_int_equal(conf.path_count, 3);
    assert_true(slice_equals(conf.paths[2], SLICE("/webhooks/clerk")));
    assert_int_equal(conf.tolerance_s, 300);
    assert_int_equal(conf.body_limit_bytes, 1024 * 1024);
    assert_int_equal(conf.max_connections, 10000);
    assert_int_equal(conf.request_deadline_ms, 10000);
    assert_int_equal(conf.max_in_flight, 10000);
    assert_true(event_filter_passes(&conf.filter, SLICE("user.created")));
    ingest_conf_release(&conf);
}

static void conf_without_a_secret_is_refused_by_name(void **state)
{
    struct ingest_conf conf;
    char error[CONF_ERROR_MAX] = "";

    (void)state;
    environment[0] = NULL;
    assert_int_equal(ingest_conf_load(lookup, &conf, error), STATUS_INVALID);
    assert_non_null(strstr(error, "CLERK_WEBHOOK_SIGNING_SECRET"));
}

static void conf_reads_the_other_name_of_the_secret(void **state)
{
    struct ingest_conf conf;
    char error[CONF_ERROR_MAX] = "";

    (void)state;
    environment[0] = "CLERK_WEBHOOK_SECRET";
    environment[1] = SECRET;
    environment[2] = NULL;
    assert_int_equal(ingest_conf_load(lookup, &conf, error), STATUS_OK);
    ingest_conf_release(&conf);
}

static void conf_takes_the_port_from_PORT(void **state)
{
    struct ingest_conf conf = load("PORT", "8080");

    (void)state;
    assert_string_equal(conf.listen.host, "0.0.0.0");
    assert_int_equal(conf.listen.port, 8080);
    ingest_conf_release(&conf);
}

static void conf_switches_the_admin_endpoint_off(void **state)
{
    struct ingest_conf conf = load("INGEST_ADMIN_LISTEN", "");

    (void)state;
    assert_false(conf.admin_on);
    ingest_conf_release(&conf);
}

static void conf_reads_paths_and_patterns_as_lists(void **state)
{
    struct ingest_conf conf = load("WEBHOOK_PATHS", "/a, /b/c  /d");

    (void)state;
    assert_int_equal(conf.path_count, 3);
    assert_true(slice_equals(conf.paths[1], SLICE("/b/c")));
    ingest_conf_release(&conf);
    conf = load("EVENT_TYPES", "user.*");
    assert_false(event_filter_passes(&conf.filter, SLICE("session.created")));
    ingest_conf_release(&conf);
}

static void conf_names_each_setting_that_is_wrong(void **state)
{
    static const struct {
        const char *name, *value;
    } rows[] = {
        { "REDIS_URL", "http://x" },
        { "REDIS_URL", "rediss+sentinel://secure.example/m" },
        { "REDIS_TLS_CA_FILE", "/ca.pem" },
        { "INGEST_LISTEN", "3000" },
        { "INGEST_LISTEN", "host:99999" },
        { "PORT", "http" },
        { "PORT", "-1" },
        { "PORT", "65536" },
        { "INGEST_ADMIN_LISTEN", "nowhere" },
        { "WEBHOOK_PATHS", "webhooks" },
        { "WEBHOOK_PATHS", "/a?b=1" },
        { "WEBHOOK_PATHS", "/a#b" },
        { "WEBHOOK_PATHS", "/\xc3\xa9" },
        { "WEBHOOK_PATHS", " , " },
        { "WEBHOOK_PATHS", "/1 /2 /3 /4 /5 /6 /7 /8 /9 /10 /11 /12 /13 /14 /15 /16 /17" },
        { "EVENT_TYPES", "user.?" },
        { "TOLERANCE_S", "0" },
        { "TOLERANCE_S", "86401" },
        { "TOLERANCE_S", "5m" },
        { "BODY_LIMIT", "1023" },
        { "BODY_LIMIT", "65MiB" },
        { "MAX_CONNECTIONS", "0" },
        { "REQUEST_DEADLINE_MS", "99" },
        { "MAX_IN_FLIGHT", "1000001" },
        { "LOG_LEVEL", "loud" },
        { "LOG_FORMAT", "xml" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ingest_conf conf;
        char error[CONF_ERROR_MAX] = "";
        set_environment(rows[i].name, rows[i].value);
        if (ingest_conf_load(lookup, &conf, error) != STATUS_INVALID)
            fail_msg("accepted: %s=%s", rows[i].name, rows[i].value);
        assert_true(strncmp(error, rows[i].name, strlen(rows[i].name)) == 0);
        assert_null(strchr(error, '\n'));
    }
}

static void conf_never_repeats_a_secret_in_an_error(void **state)
{
    struct ingest_conf conf;
    char error[CONF_ERROR_MAX] = "";

    (void)state;
    environment[0] = "CLERK_WEBHOOK_SIGNING_SECRET";
    environment[1] = SECRET " whsec_geheim-geheim";
    environment[2] = NULL;
    assert_int_equal(ingest_conf_load(lookup, &conf, error), STATUS_INVALID);
    assert_non_null(strstr(error, "secret 2"));
    assert_null(strstr(error, "geheim"));
}

static void conf_prints_settings_but_no_secrets(void **state)
{
    struct ingest_conf conf = load("REDIS_URL", "redis://:geheim@127.0.0.1:1/2");
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    assert_non_null(out);
    ingest_conf_print(&conf, out);
    fclose(out);
    assert_non_null(strstr(text, "STREAM_KEY=clerk:events"));
    assert_null(strstr(text, "geheim"));
    assert_null(strstr(text, "MfKQ9r8"));
    free(text);
    ingest_conf_release(&conf);
}

static void conf_reloads_the_secrets_and_only_a_good_list(void **state)
{
    struct signature_keys *keys = NULL;
    char error[CONF_ERROR_MAX] = "";

    (void)state;
    environment[0] = "CLERK_WEBHOOK_SIGNING_SECRET";
    environment[1] = SECRET " whsec_QUJD";
    environment[2] = NULL;
    assert_int_equal(ingest_conf_reload_keys(lookup, &keys, error), STATUS_OK);
    assert_int_equal(signature_keys_count(keys), 2);
    signature_keys_free(keys);
    keys = NULL;
    environment[1] = "whsec_!";
    assert_int_equal(ingest_conf_reload_keys(lookup, &keys, error), STATUS_INVALID);
    assert_null(keys);
}

static void conf_finds_the_admin_address_without_a_secret(void **state)
{
    struct address address;
    char error[CONF_ERROR_MAX] = "";
    bool on = false;

    (void)state;
    environment[0] = "INGEST_ADMIN_LISTEN";
    environment[1] = "127.0.0.1:1234";
    environment[2] = NULL;
    assert_int_equal(ingest_conf_admin(lookup, &on, &address, error), STATUS_OK);
    assert_true(on);
    assert_int_equal(address.port, 1234);
    environment[1] = "";
    assert_int_equal(ingest_conf_admin(lookup, &on, &address, error), STATUS_OK);
    assert_false(on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_needs_nothing_but_a_secret),
        cmocka_unit_test(conf_without_a_secret_is_refused_by_name),
        cmocka_unit_test(conf_reads_the_other_name_of_the_secret),
        cmocka_unit_test(conf_takes_the_port_from_PORT),
        cmocka_unit_test(conf_switches_the_admin_endpoint_off),
        cmocka_unit_test(conf_reads_paths_and_patterns_as_lists),
        cmocka_unit_test(conf_names_each_setting_that_is_wrong),
        cmocka_unit_test(conf_never_repeats_a_secret_in_an_error),
        cmocka_unit_test(conf_prints_settings_but_no_secrets),
        cmocka_unit_test(conf_reloads_the_secrets_and_only_a_good_list),
        cmocka_unit_test(conf_finds_the_admin_address_without_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
