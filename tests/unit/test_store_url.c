#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/store_url.h"

static void a_sqlite_url_gives_its_path(void **state)
{
    static const struct {
        const char *url, *path;
    } cases[] = {
        { "sqlite:clerk.db", "clerk.db" },
        { "sqlite:data/clerk.db", "data/clerk.db" },
        { "sqlite:/data/clerk.db", "/data/clerk.db" },
        { "sqlite:///data/clerk.db", "/data/clerk.db" },
        { "sqlite:with%20percent", "with%20percent" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[STORE_PATH_MAX + 1] = "", why[STORE_ERROR_MAX] = "";
        assert_int_equal(store_url_path(cases[i].url, path, why), STATUS_OK);
        assert_string_equal(path, cases[i].path);
    }
}

static void a_url_that_cannot_be_served_is_refused_with_its_fault(void **state)
{
    static const struct {
        const char *url, *fault;
    } cases[] = {
        { "", "must be sqlite:" },
        { "clerk.db", "must be sqlite:" },
        { "mysql://user:pass@host/db", "must be sqlite:" },
        { "sqlite:", "names no file" },
        { "sqlite://", "write sqlite:PATH" },
        { "sqlite://data/clerk.db", "write sqlite:PATH" },
        { "sqlite::memory:", "in memory" },
        { "sqlite:clerk.db?mode=ro", "options after ?" },
        { "postgres://user:pass@host/db", "must be sqlite:" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[STORE_PATH_MAX + 1] = "untouched", why[STORE_ERROR_MAX] = "";
        assert_int_equal(store_url_path(cases[i].url, path, why), STATUS_INVALID);
        assert_non_null(strstr(why, cases[i].fault));
        assert_null(strstr(why, "pass@"));
        assert_string_equal(path, "untouched");
    }
}

static void a_postgres_url_goes_to_libpq_without_our_option(void **state)
{
    static const struct {
        const char *url, *passed_on, *schema;
    } cases[] = {
        { "postgres://u:p@h:5432/db", "postgres://u:p@h:5432/db", "" },
        { "postgresql://h/db?schema=clerk", "postgresql://h/db", "clerk" },
        { "postgres://h/db?sslmode=require&schema=c_1&connect_timeout=3",
          "postgres://h/db?sslmode=require&connect_timeout=3", "c_1" },
        { "postgres:///db?host=/run/postgresql", "postgres:///db?host=/run/postgresql", "" },
        { "postgres://u:%40%2F@h/db", "postgres://u:%40%2F@h/db", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_address address;
        char why[STORE_ERROR_MAX] = "";
        assert_int_equal(store_url_address(cases[i].url, &address, why), STATUS_OK);
        assert_string_equal(address.url, cases[i].passed_on);
        assert_string_equal(address.schema, cases[i].schema);
        assert_true(store_url_is_postgres(cases[i].url));
    }
}

static void whether_statements_are_prepared_is_our_option_too(void **state)
{
    static const struct {
        const char *url, *passed_on;
        enum store_prepare prepare;
    } cases[] = {
        { "postgres://h/db", "postgres://h/db", STORE_PREPARE_AUTO },
        { "postgres://h/db?prepare=auto", "postgres://h/db", STORE_PREPARE_AUTO },
        { "postgres://h/db?schema=c&prepare=off", "postgres://h/db", STORE_PREPARE_OFF },
        { "postgres://h/db?prepare=on&sslmode=require", "postgres://h/db?sslmode=require",
          STORE_PREPARE_ON },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_address address;
        char why[STORE_ERROR_MAX] = "";
        assert_int_equal(store_url_address(cases[i].url, &address, why), STATUS_OK);
        assert_string_equal(address.url, cases[i].passed_on);
        assert_int_equal(address.prepare, cases[i].prepare);
    }
}

static void a_postgres_url_that_could_betray_its_password_is_refused(void **state)
{
    static const struct {
        const char *url, *fault;
    } cases[] = {
        { "postgres://user:sec@ret@host/db", "percent-encode" },
        { "postgres://user:sec/ret@host/db", "percent-encode" },
        { "postgres://h/db?schema=", "schema=" },
        { "postgres://h/db?schema=1st", "schema=" },
        { "postgres://h/db?schema=a;b", "schema=" },
        { "postgres://h/db?prepare=", "prepare=" },
        { "postgres://h/db?prepare=never", "prepare=" },
        { "sqlite:clerk.db", "must be postgres:" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_address address = { .url = "untouched" };
        char why[STORE_ERROR_MAX] = "";
        assert_int_equal(store_url_address(cases[i].url, &address, why), STATUS_INVALID);
        assert_non_null(strstr(why, cases[i].fault));
        assert_null(strstr(why, "ret"));
        assert_string_equal(address.url, "untouched");
    }
}

static void postgres_is_taken_by_the_builds_that_have_it(void **state)
{
    char why[STORE_ERROR_MAX] = "";
    (void)state;
    enum status st = store_url_check("postgres://user:pass@host/db", why);
#ifdef CLERK_POSTGRES
    assert_int_equal(st, STATUS_OK);
#else
    assert_int_equal(st, STATUS_INVALID);
    assert_non_null(strstr(why, "this build has no PostgreSQL"));
#endif
    assert_null(strstr(why, "pass@"));
}

static void a_path_may_be_as_long_as_the_bound_and_no_longer(void **state)
{
    char url[sizeof("sqlite:") + STORE_PATH_MAX + 1] = "sqlite:";
    char path[STORE_PATH_MAX + 1] = "", why[STORE_ERROR_MAX] = "";
    (void)state;
    memset(url + 7, 'a', STORE_PATH_MAX);
    assert_int_equal(store_url_path(url, path, why), STATUS_OK);
    assert_int_equal(strlen(path), STORE_PATH_MAX);
    url[7 + STORE_PATH_MAX] = 'a';
    assert_int_equal(store_url_path(url, path, why), STATUS_INVALID);
    assert_non_null(strstr(why, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sqlite_url_gives_its_path),
        cmocka_unit_test(a_url_that_cannot_be_served_is_refused_with_its_fault),
        cmocka_unit_test(a_postgres_url_goes_to_libpq_without_our_option),
        cmocka_unit_test(whether_statements_are_prepared_is_our_option_too),
        cmocka_unit_test(a_postgres_url_that_could_betray_its_password_is_refused),
        cmocka_unit_test(postgres_is_taken_by_the_builds_that_have_it),
        cmocka_unit_test(a_path_may_be_as_long_as_the_bound_and_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
