#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/event_filter.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct row {
    const char *patterns;
    const char *type;
    bool passes;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct event_filter filter;
        char error[EVENT_FILTER_ERROR_MAX] = "";
        assert_int_equal(event_filter_parse(slice_of(rows[i].patterns), &filter, error), STATUS_OK);
        if (event_filter_passes(&filter, slice_of(rows[i].type)) != rows[i].passes)
            fail_msg("%s against %s", rows[i].patterns, rows[i].type);
    }
}

static void filter_passes_what_a_pattern_matches(void **state)
{
    static const struct row rows[] = {
        { "*", "user.created", true },
        { "user.*", "user.created", true },
        { "user.*", "user.", true },
        { "user.created", "user.created", true },
        { "organization*.*", "organization.created", true },
        { "organization*.*", "organizationMembership.deleted", true },
        { "*.deleted", "organizationMembership.deleted", true },
        { "*a*b*", "xxaxxbxx", true },
        { "**", "anything", true },
        { "*.cre*ted", "user.crecreated", true },
        { "session.* user.*", "user.created", true },
        { "session.*,user.*\n", "user.created", true },
    };
    (void)state;
    check(rows, COUNT(rows));
}

static void filter_stops_what_no_pattern_matches(void **state)
{
    static const struct row rows[] = {
        { "user.*", "users.created", false },         { "user.*", "user", false },
        { "user.*", "xuser.created", false },         { "user.created", "user.created2", false },
        { "user.created", "user.create", false },     { "user.created", "User.Created", false },
        { "organization*.*", "organization", false }, { "*.deleted", "user.deleted.now", false },
        { "session.* sms.*", "user.created", false }, { "*a*b*", "bbbaaa", false },
    };
    (void)state;
    check(rows, COUNT(rows));
}

static void filter_always_passes_a_body_without_a_type(void **state)
{
    static const struct row rows[] = { { "user.*", "", true }, { "x", "", true } };
    (void)state;
    check(rows, COUNT(rows));
}

static void filter_refuses_patterns_that_cannot_be_meant(void **state)
{
    static const char *const texts[] = { "",       " , ",          "user.?",
                                         "user/*", "user.* \"x\"", "us\xc3\xa9r" };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct event_filter filter;
        char error[EVENT_FILTER_ERROR_MAX] = "";
        assert_int_equal(event_filter_parse(slice_of(texts[i]), &filter, error), STATUS_INVALID);
        assert_true(error[0] != '\0');
    }
}

static void filter_takes_as_many_patterns_as_promised_and_no_more(void **state)
{
    char text[2 * EVENT_FILTER_PATTERNS_MAX + 3];
    char error[EVENT_FILTER_ERROR_MAX] = "";
    struct event_filter filter;

    (void)state;
    for (size_t i = 0; i < EVENT_FILTER_PATTERNS_MAX + 1; i++)
        memcpy(text + 2 * i, "a ", 2);
    assert_int_equal(
        event_filter_parse((struct slice){ text, 2 * EVENT_FILTER_PATTERNS_MAX }, &filter, error),
        STATUS_OK);
    assert_int_equal(filter.count, EVENT_FILTER_PATTERNS_MAX);
    assert_int_equal(event_filter_parse((struct slice){ text, 2 * EVENT_FILTER_PATTERNS_MAX + 2 },
                                        &filter, error),
                     STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_passes_what_a_pattern_matches),
        cmocka_unit_test(filter_stops_what_no_pattern_matches),
        cmocka_unit_test(filter_always_passes_a_body_without_a_type),
        cmocka_unit_test(filter_refuses_patterns_that_cannot_be_meant),
        cmocka_unit_test(filter_takes_as_many_patterns_as_promised_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
