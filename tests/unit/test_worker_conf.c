#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/worker_conf.h"

/* One variable of a made-up environment; everything else is unset. */
static const char *set_name;
static const char *set_value;

static const char *lookup(const char *name)
{
    return set_name && strcmp(name, set_name) == 0 ? set_value : NULL;
}

static enum status load(const char *name, const char *value, struct worker_conf *conf, char *why)
{
    set_name = name;
    set_value = value;
    return worker_conf_load(lookup, conf, why);
}

static void an_empty_environment_gives_the_documented_defaults(void **state)
{
    (void)state;
    struct worker_conf conf = { 0 };
    char why[CONF_ERROR_MAX] = "";
    assert_int_equal(STATUS_OK, load(NULL, NULL, &conf, why));
    assert_string_equal("127.0.0.1", conf.redis_url.at.host);
    assert_int_equal(6379, conf.redis_url.at.port);
    assert_string_equal("sqlite:clerk.db", conf.database_url);
    assert_string_equal("clerk:events", conf.stream_key);
    assert_string_equal("workers", conf.stream_group);
    assert_int_equal(9101, conf.admin.port);
    assert_int_equal(500, conf.batch_size);
    assert_int_equal(1000, conf.block_ms);
    assert_int_equal(30000, conf.claim_idle_ms);
    assert_int_equal(STORE_DELETE_HARD, conf.delete_mode);
    assert_int_equal(30, conf.dedupe_days);
    assert_false(conf.has_own_name);
    assert_true(strlen(conf.name) > 0);
    worker_conf_release(&conf);
}

static void a_wrong_value_is_refused_with_a_line_that_names_it(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        { "BATCH_SIZE", "0" },
        { "BATCH_SIZE", "2001" },
        { "BATCH_SIZE", "5x" },
        { "BLOCK_MS", "9" },
        { "CLAIM_IDLE_MS", "999" },
        { "DEDUPE_DAYS", "2" },
        { "DELETE_MODE", "gone" },
        { "LOG_LEVEL", "loud" },
        { "LOG_FORMAT", "xml" },
        { "REDIS_URL", "http://h" },
        { "REDIS_URL", "rediss+sentinel://h/m" },
        { "REDIS_TLS_CERT_FILE", "/cert.pem" },
        { "DATABASE_URL", "mysql://h/db" },
        { "WORKER_ADMIN_LISTEN", "x" },
        { "DATABASE_URL", "clerk.db" },
        { "WORKER_ADMIN_TOKEN", "fifteen-bytes-x" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct worker_conf conf = { 0 };
        char why[CONF_ERROR_MAX] = "";
        assert_int_equal(STATUS_INVALID, load(wrong[i][0], wrong[i][1], &conf, why));
        assert_int_equal(0, strncmp(why, wrong[i][0], strlen(wrong[i][0])));
        assert_null(strchr(why, '\n'));
    }
}

static void an_empty_admin_address_turns_the_endpoint_off(void **state)
{
    (void)state;
    struct worker_conf conf = { 0 };
    char why[CONF_ERROR_MAX] = "";
    assert_int_equal(STATUS_OK, load("WORKER_ADMIN_LISTEN", "", &conf, why));
    assert_false(conf.has_admin);
    worker_conf_release(&conf);
}

static void a_name_of_ones_own_is_kept(void **state)
{
    (void)state;
    struct worker_conf conf = { 0 };
    char why[CONF_ERROR_MAX] = "";
    assert_int_equal(STATUS_OK, load("WORKER_NAME", "worker-a", &conf, why));
    assert_true(conf.has_own_name);
    assert_string_equal("worker-a", conf.name);
    worker_conf_release(&conf);
}

static void the_printed_settings_hold_no_password(void **state)
{
    (void)state;
    struct worker_conf conf = { 0 };
    char why[CONF_ERROR_MAX] = "";
    char text[4096] = "";
    FILE *out = fmemopen(text, sizeof text - 1, "w");
    assert_int_equal(STATUS_OK, load("REDIS_URL", "redis://joe:hunter2@127.0.0.1/0", &conf, why));
    worker_conf_print(&conf, out);
    fclose(out);
    assert_non_null(strstr(text, "REDIS_URL=redis://joe:***@127.0.0.1/0"));
    assert_null(strstr(text, "hunter2"));
    worker_conf_release(&conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_environment_gives_the_documented_defaults),
        cmocka_unit_test(a_wrong_value_is_refused_with_a_line_that_names_it),
        cmocka_unit_test(an_empty_admin_address_turns_the_endpoint_off),
        cmocka_unit_test(a_name_of_ones_own_is_kept),
        cmocka_unit_test(the_printed_settings_hold_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
