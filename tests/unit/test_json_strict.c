#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/json_strict.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void good_json_passes(void **state)
{
    static const char *const good[] = {
        "0",
        "-0",
        "10",
        "1.5",
        "-1.25e+10",
        "1E-3",
        "0e0",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83d\"",
        "\"\x7f\xC3\xA9\"",
        " {\t\"a\" :\r\n[1 ,true,null, \"x\" ] } ",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(good); i++)
        if (!json_is_strict(slice_of(good[i])))
            fail_msg("refused: %s", good[i]);
}

static void what_parsers_tolerate_is_refused(void **state)
{
    static const char *const bad[] = {
        "01",     "-",        "1.",      ".5",        "+1",          "1e",
        "1e+",    "0x10",     "--1",     "1.2.3",     "1-2",         "NaN",
        "nul",    "nulll",    "True",    "truefalse", "Infinity",    "\"a\nb\"",
        "\"\t\"", "\"\x01\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u\"",
        "\"\\\"", "\"open",   "{\v}",    "[1,01]",    "\"",          "{\"a\":\f1}",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(bad); i++)
        if (json_is_strict(slice_of(bad[i])))
            fail_msg("passed: %s", bad[i]);
}

static void a_nul_byte_is_refused_anywhere(void **state)
{
    (void)state;
    assert_false(json_is_strict(SLICE("{}\0")));
    assert_false(json_is_strict(SLICE("\"a\0b\"")));
    assert_false(json_is_strict(SLICE("1\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_passes),
        cmocka_unit_test(what_parsers_tolerate_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
