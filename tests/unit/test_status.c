#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/status.h"

static void status_names_are_present_and_differ(void **state)
{
    (void)state;
    for (int a = 0; a < STATUS_COUNT; a++) {
        assert_string_not_equal(status_name((enum status)a), "unknown");
        for (int b = 0; b < a; b++)
            assert_string_not_equal(status_name((enum status)a), status_name((enum status)b));
    }
}

static void status_outside_the_enum_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(status_name(STATUS_COUNT), "unknown");
}

static void status_name_is_fit_for_a_log(void **state)
{
    (void)state;
    assert_string_equal(status_name(STATUS_BAD_SIGNATURE), "bad_signature");
    for (int i = 0; i < STATUS_COUNT; i++) {
        const char *name = status_name((enum status)i);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_names_are_present_and_differ),
        cmocka_unit_test(status_outside_the_enum_is_unknown),
        cmocka_unit_test(status_name_is_fit_for_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
