#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/override.h"

enum { OUT_MAX_BYTES = 4096 };

static enum status apply(const char *change, const char *json, struct buf *out)
{
    struct override override;
    assert_int_equal(override_parse(change, &override), STATUS_OK);
    enum status st = override_apply(&override, slice_of(json), out);
    override_release(&override);
    return st;
}

static void override_changes_one_place(void **state)
{
    static const struct {
        const char *change, *before, *after;
    } rows[] = {
        { "a=1", "{\"a\":0}", "{\"a\":1}" },
        { "a=1", " { \"a\" : 0 } ", "{\"a\":1}" },
        { "a=1", "{}", "{\"a\":1}" },
        { "b=1", "{\"a\":0}", "{\"a\":0,\"b\":1}" },
        { "a.b=1", "{\"a\":{\"c\":2,\"b\":0}}", "{\"a\":{\"c\":2,\"b\":1}}" },
        { "a.b.c=1", "{}", "{\"a\":{\"b\":{\"c\":1}}}" },
        { "a.b=1", "{\"a\":null}", "{\"a\":{\"b\":1}}" },
        { "a.1=9", "{\"a\":[1,2,3]}", "{\"a\":[1,9,3]}" },
        { "a.0.b=9", "{\"a\":[{\"b\":1}]}", "{\"a\":[{\"b\":9}]}" },
        { "a.2=9", "{\"a\":[1,2]}", "{\"a\":[1,2,9]}" },
        { "a.0=9", "{\"a\":[]}", "{\"a\":[9]}" },
        { "a.0.b=9", "{\"a\":[]}", "{\"a\":[{\"b\":9}]}" },
        { "a=1", "{\"b\":[ 1.0, 9007199254740993 ]}", "{\"b\":[ 1.0, 9007199254740993 ],\"a\":1}" },
        { "0=1", "{\"0\":0}", "{\"0\":1}" },
        { "x\"y=1", "{}", "{\"x\\\"y\":1}" },
        { "ab=1", "{\"\\u0061b\":0}", "{\"\\u0061b\":1}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = buf_make(OUT_MAX_BYTES);
        assert_int_equal(apply(rows[i].change, rows[i].before, &out), STATUS_OK);
        assert_string_equal(buf_text(&out), rows[i].after);
        buf_release(&out);
    }
}

static void override_takes_json_as_json_and_all_else_as_a_string(void **state)
{
    static const struct {
        const char *change, *value;
    } rows[] = {
        { "a=null", "null" },
        { "a=true", "true" },
        { "a=-1.5e+3", "-1.5e+3" },
        { "a=0", "0" },
        { "a=9007199254740993", "9007199254740993" },
        { "a=\"1\"", "\"1\"" },
        { "a= [1, {\"b\":2}] ", "[1, {\"b\":2}]" },
        { "a=Ada", "\"Ada\"" },
        { "a=", "\"\"" },
        { "a=b=c", "\"b=c\"" },
        { "a=01", "\"01\"" },
        { "a=1.", "\"1.\"" },
        { "a=.5", "\".5\"" },
        { "a=+1", "\"+1\"" },
        { "a=-", "\"-\"" },
        { "a=1e", "\"1e\"" },
        { "a=NaN", "\"NaN\"" },
        { "a=nullx", "\"nullx\"" },
        { "a={\"b\":x}", "\"{\\\"b\\\":x}\"" },
        { "a={} {}", "\"{} {}\"" },
        { "a=\"x", "\"\\\"x\"" },
        { "a=[01]", "\"[01]\"" },
        { "a=[1.]", "\"[1.]\"" },
        { "a=[\"b\tc\"]", "\"[\\\"b\\tc\\\"]\"" },
        { "a=[\"\\\"01\",-0,1e5,true]", "[\"\\\"01\",-0,1e5,true]" },
        { "a=1 2", "\"1 2\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct override override;
        assert_int_equal(override_parse(rows[i].change, &override), STATUS_OK);
        assert_string_equal(buf_text(&override.value), rows[i].value);
        override_release(&override);
    }
}

static void override_refuses_a_malformed_change(void **state)
{
    static const char *const texts[] = { "", "a", "=1", "a.=1", ".a=1", "a..b=1", ".=1" };
    struct override override;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(override_parse(texts[i], &override), STATUS_INVALID);
}

static void override_refuses_a_path_that_is_too_deep(void **state)
{
    struct override override;
    (void)state;
    assert_int_equal(override_parse("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16=x", &override),
                     STATUS_OK);
    override_release(&override);
    assert_int_equal(override_parse("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17=x", &override),
                     STATUS_TOO_BIG);
}

static void override_refuses_what_the_path_does_not_fit(void **state)
{
    static const struct {
        const char *change, *json;
    } rows[] = {
        { "a.b=1", "{\"a\":\"text\"}" },
        { "a.b=1", "{\"a\":7}" },
        { "a.b=1", "{\"a\":true}" },
        { "a.2=1", "{\"a\":[1]}" },
        { "a.x=1", "{\"a\":[1]}" },
        { "a.-1=1", "{\"a\":[1]}" },
        { "a=1", "[]" },
        { "a=1", "" },
        { "a=1", "{\"a\":1" },
        { "a=1", "{} {}" },
        { "a=1", "null" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out = buf_make(OUT_MAX_BYTES);
        assert_int_equal(apply(rows[i].change, rows[i].json, &out), STATUS_INVALID);
        buf_release(&out);
    }
}

static void override_says_when_the_result_does_not_fit(void **state)
{
    struct buf out = buf_make(8);
    (void)state;
    assert_int_equal(apply("abcdef=1", "{\"b\":1}", &out), STATUS_TOO_BIG);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(override_changes_one_place),
        cmocka_unit_test(override_takes_json_as_json_and_all_else_as_a_string),
        cmocka_unit_test(override_refuses_a_malformed_change),
        cmocka_unit_test(override_refuses_a_path_that_is_too_deep),
        cmocka_unit_test(override_refuses_what_the_path_does_not_fit),
        cmocka_unit_test(override_says_when_the_result_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
