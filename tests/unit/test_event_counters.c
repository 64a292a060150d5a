#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/event_counters.h"

static char *rendered(void)
{
    struct buf out = buf_make(64 * 1024);
    event_counters_render(&out);
    assert_int_equal(STATUS_OK, buf_status(&out));
    return buf_take(&out);
}

static void only_types_that_were_seen_are_shown_and_other_always(void **state)
{
    (void)state;
    char *text = rendered();
    assert_non_null(strstr(text, "{type=\"other\",result=\"dead\"} 0\n"));
    assert_null(strstr(text, "role.created"));
    free(text);
    event_counters_add(SLICE("role.created"), APPLY_STALE);
    text = rendered();
    assert_non_null(strstr(text, "{type=\"role.created\",result=\"stale\"} 1\n"));
    assert_non_null(strstr(text, "{type=\"role.created\",result=\"applied\"} 0\n"));
    free(text);
}

static void unknown_types_and_texts_that_only_begin_alike_are_other(void **state)
{
    (void)state;
    static const char *const others[] = { "",      "shoe.tied",     "user",
                                          "user.", "user.createdx", "userx.created" };
    int64_t before = event_counters_get(SLICE("other"), APPLY_DEAD);
    int64_t users = event_counters_get(SLICE("user.created"), APPLY_DEAD);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        event_counters_add(slice_of(others[i]), APPLY_DEAD);
    assert_int_equal(before + 6, event_counters_get(SLICE("other"), APPLY_DEAD));
    assert_int_equal(users, event_counters_get(SLICE("user.created"), APPLY_DEAD));
}

static void an_alias_counts_as_what_it_stands_for(void **state)
{
    (void)state;
    event_counters_add(SLICE("subscription.past_due"), APPLY_APPLIED);
    assert_int_equal(1, event_counters_get(SLICE("subscription.pastDue"), APPLY_APPLIED));
}

static void help_and_type_stand_once(void **state)
{
    (void)state;
    char *text = rendered();
    char *first = strstr(text, "# TYPE");
    assert_non_null(first);
    assert_null(strstr(first + 1, "# TYPE"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_types_that_were_seen_are_shown_and_other_always),
        cmocka_unit_test(unknown_types_and_texts_that_only_begin_alike_are_other),
        cmocka_unit_test(an_alias_counts_as_what_it_stands_for),
        cmocka_unit_test(help_and_type_stand_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
