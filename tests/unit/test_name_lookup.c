#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "ingest/name_lookup.h"

enum { PATIENCE_MS = 20000, WHY_MAX = 200 };

static void wait_for(const struct name_lookup *lookup)
{
    int64_t until_ms = clock_system.mono_ms() + PATIENCE_MS;

    while (!name_lookup_is_done(lookup)) {
        assert_true(clock_system.mono_ms() < until_ms);
        (void)sched_yield();
    }
}

static struct redis_url url_of(const char *host)
{
    struct redis_url url = { .at = { .port = 77 } };

    (void)snprintf(url.at.host, sizeof(url.at.host), "%s", host);
    return url;
}

/* The reason, where there is one, goes to why. */
static enum status look_up(const struct redis_url *url, struct redis_place *ret_place,
                           char why[WHY_MAX])
{
    struct name_lookup *lookup = NULL;
    const char *reason = "";
    enum status st;

    assert_int_equal(name_lookup_start(url, 0, &lookup), STATUS_OK);
    wait_for(lookup);
    st = name_lookup_result(lookup, ret_place, &reason);
    (void)snprintf(why, WHY_MAX, "%s", reason);
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
    struct redis_url url = url_of("localhost");
    struct redis_place place;
    char why[WHY_MAX];

    (void)state;
    assert_int_equal(look_up(&url, &place, why), STATUS_OK);
    assert_string_equal(place.host, "127.0.0.1");
    assert_int_equal(place.port, 77);
    assert_string_equal(why, "");
}

static void name_lookup_takes_an_address_as_it_is(void **state)
{
    struct redis_url url = url_of("::1");
    struct redis_place place;
    char why[WHY_MAX];

    (void)state;
    assert_int_equal(look_up(&url, &place, why), STATUS_OK);
    assert_string_equal(place.host, "::1");
}

/* A host name may not be longer than 63 bytes between dots, so that nobody needs to be asked. */
static void name_lookup_says_why_there_is_none(void **state)
{
    struct redis_url url = { 0 };
    struct redis_place place = { .host = "untouched" };
    char why[WHY_MAX];

    (void)state;
    memset(url.at.host, 'x', 80);
    assert_int_equal(look_up(&url, &place, why), STATUS_UNAVAILABLE);
    assert_true(strlen(why) > 0);
    assert_string_equal(place.host, "untouched");
}

/* Nobody listens on port 1. */
static void name_lookup_says_what_a_sentinel_says(void **state)
{
    struct redis_url url = { .sentinel_count = 1,
                             .sentinels = { { .host = "127.0.0.1", .port = 1 } },
                             .master = "m" };
    struct redis_place place = { .host = "untouched" };
    char why[WHY_MAX];

    (void)state;
    assert_int_equal(look_up(&url, &place, why), STATUS_UNAVAILABLE);
    assert_string_equal(why, "sentinel: Connection refused");
    assert_string_equal(place.host, "untouched");
}

static void name_lookup_can_be_let_go_of_at_any_time(void **state)
{
    struct redis_url url = url_of("localhost");

    (void)state;
    for (int i = 0; i < 20; i++) {
        struct name_lookup *lookup = NULL;
        assert_int_equal(name_lookup_start(&url, 0, &lookup), STATUS_OK);
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
        cmocka_unit_test(name_lookup_says_what_a_sentinel_says),
        cmocka_unit_test(name_lookup_can_be_let_go_of_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
