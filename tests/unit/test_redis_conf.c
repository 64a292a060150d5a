#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/redis_conf.h"

static const struct redis_tls_files no_files = { "", "", "" };

static void refused(const char *text, struct redis_tls_files files, const char *error_begins)
{
    struct redis_url url = { .db = 77 };
    char error[CONF_ERROR_MAX] = "";

    assert_int_equal(redis_conf_read(text, files, &url, error), STATUS_INVALID);
    if (strncmp(error, error_begins, strlen(error_begins)) != 0)
        fail_msg("%s", error);
    assert_int_equal(url.db, 77);
}

static void redis_conf_reads_plain_addresses_of_all_kinds(void **state)
{
    static const char *const texts[] = { "redis://h/3", "unix:///s?db=3",
                                         "redis+sentinel://h/m/3" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct redis_url url;
        char error[CONF_ERROR_MAX] = "";

        assert_int_equal(redis_conf_read(texts[i], no_files, &url, error), STATUS_OK);
        assert_int_equal(url.db, 3);
    }
}

static void redis_conf_names_the_setting_at_fault(void **state)
{
    (void)state;
    refused("http://h", no_files, "REDIS_URL: ");
    refused("rediss://h", (struct redis_tls_files){ "", "/cert", "" }, "REDIS_TLS_CERT_FILE: ");
    refused("rediss://h", (struct redis_tls_files){ "", "", "/key" }, "REDIS_TLS_KEY_FILE: ");
}

/* Else whoever set them would believe that the connection is encrypted. */
static void redis_conf_refuses_certificates_for_plain_text(void **state)
{
    (void)state;
    refused("redis://h", (struct redis_tls_files){ "/ca", "", "" }, "REDIS_TLS_CA_FILE: ");
    refused("unix:///s", (struct redis_tls_files){ "", "/cert", "/key" }, "REDIS_TLS_CERT_FILE: ");
    refused("redis+sentinel://h/m", (struct redis_tls_files){ "", "", "/key" },
            "REDIS_TLS_KEY_FILE: ");
}

#ifdef CLERK_REDIS_TLS

static void redis_conf_reads_tls_addresses(void **state)
{
    struct redis_url url;
    char error[CONF_ERROR_MAX] = "";

    (void)state;
    assert_int_equal(redis_conf_read("rediss://h/3", no_files, &url, error), STATUS_OK);
    assert_true(url.tls);
}

static void redis_conf_refuses_files_that_cannot_be_used(void **state)
{
    const char *source = SOURCE_DIR "/CMakeLists.txt";

    (void)state;
    refused("rediss://h", (struct redis_tls_files){ "/none", "", "" },
            "REDIS_TLS_CA_FILE: cannot be used: ");
    refused("rediss://h", (struct redis_tls_files){ source, "", "" },
            "REDIS_TLS_CA_FILE: cannot be used: ");
    refused("rediss://h", (struct redis_tls_files){ "", source, source },
            "REDIS_TLS_CERT_FILE: cannot be used: ");
}

#else

static void redis_conf_refuses_tls_that_is_not_built(void **state)
{
    (void)state;
    refused("rediss://h", no_files, "REDIS_URL: rediss:// is not possible");
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_conf_reads_plain_addresses_of_all_kinds),
        cmocka_unit_test(redis_conf_names_the_setting_at_fault),
        cmocka_unit_test(redis_conf_refuses_certificates_for_plain_text),
#ifdef CLERK_REDIS_TLS
        cmocka_unit_test(redis_conf_reads_tls_addresses),
        cmocka_unit_test(redis_conf_refuses_files_that_cannot_be_used),
#else
        cmocka_unit_test(redis_conf_refuses_tls_that_is_not_built),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
