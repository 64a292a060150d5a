#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"

static void buf_appends_bytes_chars_and_formatted_text(void **state)
{
    struct buf b = buf_make(100);

    (void)state;
    buf_append(&b, SLICE("ab"));
    buf_append_char(&b, 'c');
    buf_printf(&b, "%d%s", 42, "x");
    assert_int_equal(buf_status(&b), STATUS_OK);
    assert_string_equal(buf_text(&b), "abc42x");
    assert_int_equal(buf_slice(&b).len, 6);
    buf_release(&b);
}

static void buf_text_of_an_untouched_buffer_is_empty(void **state)
{
    struct buf b = buf_make(10);

    (void)state;
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_slice(&b).len, 0);
    assert_null(buf_take(&b));
    buf_release(&b);
    buf_release(&b);
}

static void buf_takes_exactly_its_maximum(void **state)
{
    struct buf b = buf_make(5);

    (void)state;
    buf_append(&b, SLICE("12345"));
    assert_int_equal(buf_status(&b), STATUS_OK);
    buf_append_char(&b, '6');
    assert_int_equal(buf_status(&b), STATUS_TOO_BIG);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
}

static void buf_failure_is_sticky_until_cleared(void **state)
{
    struct buf b = buf_make(3);

    (void)state;
    buf_printf(&b, "%s", "1234");
    buf_append(&b, SLICE("1"));
    assert_int_equal(buf_status(&b), STATUS_TOO_BIG);
    assert_int_equal(buf_slice(&b).len, 0);
    assert_null(buf_take(&b));
    buf_append(&b, SLICE("1234"));
    buf_clear(&b);
    buf_append(&b, SLICE("123"));
    assert_int_equal(buf_status(&b), STATUS_OK);
    assert_string_equal(buf_text(&b), "123");
    buf_release(&b);
}

static void buf_of_zeros_holds_nothing_and_is_safe(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_append(&b, SLICE(""));
    assert_int_equal(buf_status(&b), STATUS_OK);
    buf_append_char(&b, 'x');
    assert_int_equal(buf_status(&b), STATUS_TOO_BIG);
    buf_release(&b);
}

static void buf_grows_up_to_its_maximum_byte_by_byte(void **state)
{
    struct buf b = buf_make(1000);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        buf_append_char(&b, (char)('a' + i % 26));
        assert_int_equal(buf_slice(&b).len, i + 1);
        assert_int_equal(buf_text(&b)[i + 1], '\0');
    }
    assert_int_equal(buf_status(&b), STATUS_OK);
    assert_int_equal(buf_text(&b)[999], 'a' + 999 % 26);
    buf_release(&b);
}

static void buf_take_hands_the_memory_over(void **state)
{
    struct buf b = buf_make(10);
    char *taken;

    (void)state;
    buf_append(&b, SLICE("abc"));
    taken = buf_take(&b);
    assert_string_equal(taken, "abc");
    assert_int_equal(buf_slice(&b).len, 0);
    buf_append(&b, SLICE("again"));
    assert_string_equal(buf_text(&b), "again");
    free(taken);
    buf_release(&b);
}

static void buf_keeps_bytes_that_are_zero(void **state)
{
    struct buf b = buf_make(10);

    (void)state;
    buf_append(&b, SLICE("a\0b"));
    assert_true(slice_equals(buf_slice(&b), SLICE("a\0b")));
    buf_release(&b);
}

static void buf_append_json_escapes_what_json_demands(void **state)
{
    static const struct {
        struct slice text;
        const char *json;
    } rows[] = {
        { { "", 0 }, "\"\"" },
        { { NULL, 0 }, "\"\"" },
        { { "plain / text", 12 }, "\"plain / text\"" },
        { { "a\"b\\c", 5 }, "\"a\\\"b\\\\c\"" },
        { { "\b\f\n\r\t", 5 }, "\"\\b\\f\\n\\r\\t\"" },
        { { "\0\x01\x1f\x7f", 4 }, "\"\\u0000\\u0001\\u001f\\u007f\"" },
        { { "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9 },
          "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"" },
        { { "a\xFFz", 3 }, "\"a\xEF\xBF\xBDz\"" },
        { { "\xE2\x82", 2 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },                 /* cut short */
        { { "\xC0\xAF", 2 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },                 /* overlong */
        { { "\xED\xA0\x80", 3 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" }, /* surrogate */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b = buf_make(100);
        buf_append_json(&b, rows[i].text);
        assert_string_equal(buf_text(&b), rows[i].json);
        buf_release(&b);
    }
}

static void buf_append_json_over_the_maximum_leaves_nothing(void **state)
{
    struct buf b = buf_make(8);

    (void)state;
    buf_append_json(&b, SLICE("\x01\x01"));
    assert_int_equal(buf_status(&b), STATUS_TOO_BIG);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_appends_bytes_chars_and_formatted_text),
        cmocka_unit_test(buf_text_of_an_untouched_buffer_is_empty),
        cmocka_unit_test(buf_takes_exactly_its_maximum),
        cmocka_unit_test(buf_failure_is_sticky_until_cleared),
        cmocka_unit_test(buf_of_zeros_holds_nothing_and_is_safe),
        cmocka_unit_test(buf_grows_up_to_its_maximum_byte_by_byte),
        cmocka_unit_test(buf_take_hands_the_memory_over),
        cmocka_unit_test(buf_keeps_bytes_that_are_zero),
        cmocka_unit_test(buf_append_json_escapes_what_json_demands),
        cmocka_unit_test(buf_append_json_over_the_maximum_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
