#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json_scan.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void assert_slice(struct slice s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_true(slice_equals(s, slice_of(expected)));
}

static void json_scan_value_cuts_one_value_off(void **state)
{
    static const struct {
        const char *text, *value, *rest;
    } rows[] = {
        { "1,2", "1", ",2" },
        { " \n{\"a\" : [1, {}]} x", "{\"a\" : [1, {}]}", " x" },
        { "\"a\\\"b\"]", "\"a\\\"b\"", "]" },
        { "\"\\\\\"\"", "\"\\\\\"", "\"" },
        { "\"]}{[\",", "\"]}{[\"", "," },
        { "null", "null", "" },
        { "-1.5e+3}", "-1.5e+3", "}" },
        { "[]", "[]", "" },
        { "{}{}", "{}", "{}" },
        { "[ ]", "[ ]", "" },
        { "[[],[[]]]", "[[],[[]]]", "" },
        { "{\"\":\"\"}", "{\"\":\"\"}", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice text = slice_of(rows[i].text);
        struct slice value;
        assert_int_equal(json_scan_value(&text, &value), STATUS_OK);
        assert_slice(value, rows[i].value);
        assert_slice(text, rows[i].rest);
    }
}

static void json_scan_value_refuses_what_is_not_whole(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "\"",
        "\"a",
        "\"a\\",
        "\"a\\\"",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":}",
        "{a:1}",
        "{\"a\"1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 \"b\":2}",
        "[1}",
        "{\"a\":1]",
        ",",
        ":",
        "]",
        "}",
        "{1:2}",
        "'a'",
        "[\"a]",
        "{\"a\":1,2}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct slice text = slice_of(texts[i]);
        struct slice value = SLICE("untouched");
        assert_int_equal(json_scan_value(&text, &value), STATUS_INVALID);
        assert_slice(text, texts[i]);
        assert_slice(value, "untouched");
    }
    struct slice none = slice_of(NULL);
    struct slice value;
    assert_int_equal(json_scan_value(&none, &value), STATUS_INVALID);
}

/* depth arrays inside each other. */
static struct slice nested(char *text, size_t depth)
{
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return (struct slice){ text, 2 * depth };
}

static void json_scan_value_bounds_the_nesting(void **state)
{
    char text[2 * (JSON_SCAN_DEPTH_MAX + 1)];
    struct slice s = nested(text, JSON_SCAN_DEPTH_MAX);
    struct slice value;

    (void)state;
    assert_int_equal(json_scan_value(&s, &value), STATUS_OK);
    assert_int_equal(value.len, 2 * JSON_SCAN_DEPTH_MAX);
    s = nested(text, JSON_SCAN_DEPTH_MAX + 1);
    assert_int_equal(json_scan_value(&s, &value), STATUS_TOO_BIG);
}

static void json_scan_whole_allows_white_space_only_around(void **state)
{
    struct slice value = SLICE("untouched");

    (void)state;
    assert_false(json_scan_whole(SLICE("{} x"), &value));
    assert_false(json_scan_whole(SLICE("{}{}"), &value));
    assert_false(json_scan_whole(SLICE(""), &value));
    assert_slice(value, "untouched");
    assert_true(json_scan_whole(SLICE(" \r\n\t7\n"), &value));
    assert_slice(value, "7");
}

/* "key=value|" for each member. */
static enum status walk(const char *text, char out[128])
{
    struct json_iter it;
    struct slice key;
    struct slice value;
    size_t len = 0;
    enum status st;

    assert_true(json_iter_begin(slice_of(text), &it));
    while ((st = json_iter_next(&it, &key, &value)) == STATUS_OK)
        len += (size_t)snprintf(out + len, 128 - len, "%.*s=%.*s|", SLICE_ARG(key),
                                SLICE_ARG(value));
    out[len] = '\0';
    return st;
}

static void json_iter_walks_objects_and_arrays(void **state)
{
    static const struct {
        const char *text, *members;
    } rows[] = {
        { "{}", "" },
        { "[ ]", "" },
        { "[1, \"a\" ,[2]]", "=1|=\"a\"|=[2]|" },
        { "{ \"a\" : 1 , \"b\\n\":{\"c\":2}, \"\":null }", "a=1|b\\n={\"c\":2}|=null|" },
        { "{\"a\":1,\"a\":2}", "a=1|a=2|" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[128];
        assert_int_equal(walk(rows[i].text, out), STATUS_NOT_FOUND);
        assert_string_equal(out, rows[i].members);
    }
}

static void json_iter_stops_at_the_first_fault(void **state)
{
    static const char *const texts[] = { "[1 2]", "{\"a\":1,}", "{1}", "[1,]", "{\"a\" 1}" };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        char out[128];
        assert_int_equal(walk(texts[i], out), STATUS_INVALID);
    }
}

static void json_iter_walks_only_containers(void **state)
{
    struct json_iter it;

    (void)state;
    assert_false(json_iter_begin(SLICE("\"[]\""), &it));
    assert_false(json_iter_begin(SLICE("12"), &it));
    assert_false(json_iter_begin(SLICE("{"), &it));
    assert_false(json_iter_begin(slice_of(NULL), &it));
}

static void json_spells_decodes_escapes(void **state)
{
    static const struct {
        const char *raw, *name;
        bool same;
    } rows[] = {
        { "type", "type", true },
        { "Type", "type", false },
        { "typ", "type", false },
        { "types", "type", false },
        { "", "", true },
        { "\\u0074ype", "type", true },
        { "t\\u0079pe", "type", true },
        { "\\u00E4\\u20ac", "\xC3\xA4\xE2\x82\xAC", true },
        { "\\ud83d\\uDE00", "\xF0\x9F\x98\x80", true },
        { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", true },
        { "\\ud83d", "\xED\xA0\xBD", false }, /* half a pair */
        { "\\ud83dx", "\xED\xA0\xBDx", false },
        { "\\ude00", "\xED\xB8\x80", false },
        { "\\ud83d\\u0041", "A", false },
        { "\\x", "x", false },
        { "\\", "\\", false },
        { "\\u00", "\\u00", false },
        { "\\u00g0", "g", false },
        { "type\\u0000", "type", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(json_spells(slice_of(rows[i].raw), slice_of(rows[i].name)), rows[i].same);
}

static void json_is_text_refuses_what_no_text_may_hold(void **state)
{
    (void)state;
    assert_false(json_is_text(SLICE("a\\u0000")));
    assert_false(json_is_text(SLICE("\\\\\\u0000")));
    assert_false(json_is_text(SLICE("\\ud83d")));
    assert_false(json_is_text(SLICE("\\ud83d\\u0041")));
    assert_false(json_is_text(SLICE("\\ude00")));
    assert_false(json_is_text(SLICE("\\u000")));
    assert_true(json_is_text(SLICE("\\\\u0000"))); /* a backslash, then letters */
    assert_true(json_is_text(SLICE("\\u0001\\ud83d\\ude00\\n")));
    assert_true(json_is_text(SLICE("u0000")));
    assert_true(json_is_text(slice_of(NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_scan_value_cuts_one_value_off),
        cmocka_unit_test(json_scan_value_refuses_what_is_not_whole),
        cmocka_unit_test(json_scan_value_bounds_the_nesting),
        cmocka_unit_test(json_scan_whole_allows_white_space_only_around),
        cmocka_unit_test(json_iter_walks_objects_and_arrays),
        cmocka_unit_test(json_iter_stops_at_the_first_fault),
        cmocka_unit_test(json_iter_walks_only_containers),
        cmocka_unit_test(json_spells_decodes_escapes),
        cmocka_unit_test(json_is_text_refuses_what_no_text_may_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
