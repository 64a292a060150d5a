#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <string.h>

#include "common/clock.h"
#include "ingest/name_lookup.h"

enum { PATIENCE_MS = 20000 };

static void wait_for(const struct name_lookup *lookup)
{
    int64_t until_ms = clock_system.mono_ms() + PATIENCE_MS;

    while (!name_lookup_is_done(lookup)) {
        assert_true(clock_system.mono_ms() < until_ms);
        (void)sched_yield();
    }
}

static enum status look_up(const char *host, char ret_address[NAME_ADDRESS_MAX],
                           const char **ret_why)
{
    struct name_lookup *lookup = NULL;
    enum status st;

    assert_int_equal(name_lookup_start(host, &lookup), STATUS_OK);
    wait_for(lookup);
    st = name_lookup_result(lookup, ret_address, ret_why);
    name_lookup_free(lookup);
    return st;
}

static void name_lookup_knows_which_names_are_addresses(void **state)
{
    static const struct {
        const char *host;
        bool is_address;
    } cases[] = {
        { "127.0.0.1", true },   { "::1", true },    { "fe80::1%lo", true }, { "localhost", false },
        { "redis.test", false }, { "1.2.3", true },  { "1.2.3.4.5", false }, { "", false },
        { "256.1.1.1", false },  { "[::1]", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (name_is_address(cases[i].host) != cases[i].is_address)
            fail_msg("%s", cases[i].host);
}

static void name_lookup_finds_an_address_and_prefers_ipv4(void **state)
{
    char address[NAME_ADDRESS_MAX] = "";
    const char *why = NULL;

    (void)state;
    assert_int_equal(look_up("localhost", address, &why), STATUS_OK);
    assert_string_equal(address, "127.0.0.1");
    assert_null(why);
}

static void name_lookup_takes_an_address_as_it_is(void **state)
{
    char address[NAME_ADDRESS_MAX] = "";
    const char *why = NULL;

    (void)state;
    assert_int_equal(look_up("::1", address, &why), STATUS_OK);
    assert_string_equal(address, "::1");
}

/* A host name may not be longer than 63 bytes between dots, so that nobody needs to be asked. */
static void name_lookup_says_why_there_is_none(void **state)
{
    char address[NAME_ADDRESS_MAX] = "untouched";
    const char *why = NULL;
    char host[80];

    (void)state;
    memset(host, 'x', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    assert_int_equal(look_up(host, address, &why), STATUS_UNAVAILABLE);
    assert_non_null(why);
    assert_true(strlen(why) > 0);
    assert_string_equal(address, "untouched");
}

static void name_lookup_can_be_let_go_of_at_any_time(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct name_lookup *lookup = NULL;
        assert_int_equal(name_lookup_start("localhost", &lookup), STATUS_OK);
        if (i % 2)
            wait_for(lookup);
        name_lookup_free(lookup);
    }
    name_lookup_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_lookup_knows_which_names_are_addresses),
        cmocka_unit_test(name_lookup_finds_an_address_and_prefers_ipv4),
        cmocka_unit_test(name_lookup_takes_an_address_as_it_is),
        cmocka_unit_test(name_lookup_says_why_there_is_none),
        cmocka_unit_test(name_lookup_can_be_let_go_of_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
