#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/json_scan.h"
#include "worker/json_tape.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* From a block of its very size, so that a byte read behind the end is found. */
static enum status judge(struct slice text)
{
    struct json_tape tape = { 0 };
    char *copy = slice_dup(text);
    char *exact = realloc(copy, text.len > 0 ? text.len : 1);
    enum status st;

    assert_non_null(exact);
    st = json_tape_read((struct slice){ exact, text.len }, &tape);
    json_tape_release(&tape);
    free(exact);
    return st;
}

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
        "\"12345678\\n12345678\"",
        "[]",
        "{}",
        " [ ] ",
        "[[],{}]",
        " {\t\"a\" :\r\n[1 ,true,null, \"x\" ] , \"b\":{ } } ",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(good); i++)
        if (judge(slice_of(good[i])) != STATUS_OK)
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
        if (judge(slice_of(bad[i])) != STATUS_INVALID)
            fail_msg("passed: %s", bad[i]);
}

static void a_special_byte_is_seen_wherever_it_stands(void **state)
{
    static const char special[] = { '\n', '\0', '\x1f', '\\', '"' };
    (void)state;

    for (size_t len = 1; len < 20; len++)
        for (size_t at = 0; at < len; at++)
            for (size_t i = 0; i < sizeof(special); i++) {
                char json[32] = "\"";
                memset(json + 1, '\x80', len);
                json[1 + at] = special[i];
                json[1 + len] = '"';
                assert_int_equal(judge((struct slice){ json, len + 2 }), STATUS_INVALID);
            }
}

static void what_is_not_one_whole_value_is_refused(void **state)
{
    static const char *const bad[] = {
        "",         " ",           "[",         "]",
        "{",        "}",           "[}",        "{]",
        "[1",       "[1,]",        "[,1]",      "[1 2]",
        "{\"a\"}",  "{\"a\":}",    "{a:1}",     "{\"a\":1,",
        "{\"a\":1", "{\"a\":1,}",  "{,}",       "{\"a\" 1}",
        "{1:2}",    "{}{}",        "{} x",      "[1]]",
        "1 2",      "[\"a\":1]",   "{\"a\",1}", "{\"a\":1 \"b\":2}",
        "[1}",      "\"a\" \"b\"",
    };
    (void)state;

    for (size_t i = 0; i < COUNT(bad); i++)
        if (judge(slice_of(bad[i])) != STATUS_INVALID)
            fail_msg("passed: %s", bad[i]);
}

static void every_cut_of_a_good_text_is_refused(void **state)
{
    static const char good[] = "{\"a\":[1.5e+3,true,null,\"x\\u00e9\"],\"b\":{\"c\":false}}";
    (void)state;

    for (size_t len = 0; len < sizeof(good) - 1; len++)
        assert_int_equal(judge((struct slice){ good, len }), STATUS_INVALID);
    assert_int_equal(judge(SLICE(good)), STATUS_OK);
}

static void a_nul_byte_is_refused_anywhere(void **state)
{
    (void)state;
    assert_int_equal(judge(SLICE("{}\0")), STATUS_INVALID);
    assert_int_equal(judge(SLICE("\"a\0b\"")), STATUS_INVALID);
    assert_int_equal(judge(SLICE("1\0")), STATUS_INVALID);
}

static void nesting_has_a_bound(void **state)
{
    char json[2 * (JSON_SCAN_DEPTH_MAX + 1)];
    size_t depth = JSON_SCAN_DEPTH_MAX;
    (void)state;

    memset(json, '[', depth);
    memset(json + depth, ']', depth);
    assert_int_equal(judge((struct slice){ json, 2 * depth }), STATUS_OK);
    depth++;
    memset(json, '[', depth);
    memset(json + depth, ']', depth);
    assert_int_equal(judge((struct slice){ json, 2 * depth }), STATUS_TOO_BIG);
}

static void tokens_tell_where_and_what(void **state)
{
    static const char json[] = " {\"a\" : [1,\"x\\n\"], \"b\":{}} ";
    static const struct json_token expected[] = {
        { .begin = 1, .len = 25, .next = 7, .kind = JSON_OBJECT },
        { .begin = 2, .len = 3, .next = 2, .kind = JSON_STRING },
        { .begin = 8, .len = 9, .next = 5, .kind = JSON_ARRAY },
        { .begin = 9, .len = 1, .next = 4, .kind = JSON_NUMBER },
        { .begin = 11, .len = 5, .next = 5, .kind = JSON_STRING, .is_escaped = true },
        { .begin = 19, .len = 3, .next = 6, .kind = JSON_STRING },
        { .begin = 23, .len = 2, .next = 7, .kind = JSON_OBJECT },
    };
    struct json_tape tape;
    (void)state;

    assert_int_equal(json_tape_read(SLICE(json), &tape), STATUS_OK);
    assert_int_equal(tape.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_int_equal(tape.tokens[i].begin, expected[i].begin);
        assert_int_equal(tape.tokens[i].len, expected[i].len);
        assert_int_equal(tape.tokens[i].next, expected[i].next);
        assert_int_equal(tape.tokens[i].kind, expected[i].kind);
        assert_int_equal(tape.tokens[i].is_escaped, expected[i].is_escaped);
    }
    assert_false(tape.is_spoilt);
    json_tape_release(&tape);
}

static void what_cannot_become_text_is_spoilt(void **state)
{
    static const struct {
        const char *json;
        bool is_spoilt;
    } cases[] = {
        { "\"\\u0000\"", true },         { "\"\\ud800x\"", true },   { "\"\\udc00\"", true },
        { "\"\\ud83d\\ude00\"", false }, { "\"\\\\u0000\"", false },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_tape tape;
        assert_int_equal(json_tape_read(slice_of(cases[i].json), &tape), STATUS_OK);
        assert_int_equal(tape.is_spoilt, cases[i].is_spoilt);
        assert_int_equal(tape.tokens[0].is_spoilt, cases[i].is_spoilt);
        json_tape_release(&tape);
    }
}

static void releasing_twice_is_fine(void **state)
{
    struct json_tape tape = { 0 };
    (void)state;

    json_tape_release(&tape);
    assert_int_equal(json_tape_read(SLICE("[1]"), &tape), STATUS_OK);
    json_tape_release(&tape);
    json_tape_release(&tape);
    assert_null(tape.tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_json_passes),
        cmocka_unit_test(what_parsers_tolerate_is_refused),
        cmocka_unit_test(a_special_byte_is_seen_wherever_it_stands),
        cmocka_unit_test(what_is_not_one_whole_value_is_refused),
        cmocka_unit_test(every_cut_of_a_good_text_is_refused),
        cmocka_unit_test(a_nul_byte_is_refused_anywhere),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(tokens_tell_where_and_what),
        cmocka_unit_test(what_cannot_become_text_is_spoilt),
        cmocka_unit_test(releasing_twice_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
