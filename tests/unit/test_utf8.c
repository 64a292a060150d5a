#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/utf8.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void utf8_takes_well_formed_sequences(void **state)
{
    static const char *const texts[] = {
        "",
        "abc",
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF",
        "a\xC3\xA4\xE2\x82\xACz",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_true(utf8_is_valid(slice_of(texts[i])));
    assert_true(utf8_is_valid(SLICE("a\0b")));
}

static void utf8_refuses_what_rfc_3629_forbids(void **state)
{
    static const char *const texts[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC2",
        "\xC2\x41",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xE2\x82",
        "\xE2\x82\x41",
        "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        "abc\xF0\x9F\x98",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_false(utf8_is_valid(slice_of(texts[i])));
}

static void utf8_encode_is_the_inverse_of_well_formed(void **state)
{
    static const uint32_t code_points[] = { 0,      0x7F,   0x80,   0x7FF,   0x800,
                                            0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF };
    static const size_t lengths[] = { 1, 1, 2, 2, 3, 3, 3, 3, 4, 4 };

    (void)state;
    for (size_t i = 0; i < COUNT(code_points); i++) {
        char bytes[UTF8_SEQUENCE_MAX];
        size_t len = utf8_encode(code_points[i], bytes);
        assert_int_equal(len, lengths[i]);
        assert_int_equal(utf8_sequence((struct slice){ bytes, len }), len);
    }
}

static void utf8_mend_leaves_what_is_well_formed_and_replaces_the_rest(void **state)
{
    static const char *const pairs[][2] = {
        { "", "" },
        { "plain \xC3\xBC \xF0\x9F\x98\x80", "plain \xC3\xBC \xF0\x9F\x98\x80" },
        { "cut \xC3", "cut ?" },
        { "cut \xF0\x9F\x98", "cut ???" },
        { "latin \xFC 1", "latin ? 1" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "%s", pairs[i][0]);
        utf8_mend(text);
        assert_string_equal(text, pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_takes_well_formed_sequences),
        cmocka_unit_test(utf8_refuses_what_rfc_3629_forbids),
        cmocka_unit_test(utf8_mend_leaves_what_is_well_formed_and_replaces_the_rest),
        cmocka_unit_test(utf8_encode_is_the_inverse_of_well_formed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
