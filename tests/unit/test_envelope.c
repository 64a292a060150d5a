#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glob.h>

#include "common/envelope.h"
#include "common/json_scan.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void assert_slice(struct slice s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_true(slice_equals(s, slice_of(expected)));
}

static struct envelope read_ok(const char *body)
{
    struct envelope env = { 0 };

    assert_int_equal(envelope_read(slice_of(body), &env), STATUS_OK);
    return env;
}

static void envelope_names_the_four_fields(void **state)
{
    struct envelope env = read_ok("{\"data\":{\"id\":\"user_1\", \"n\":9007199254740993},"
                                  "\"object\":\"event\",\"type\":\"user.created\","
                                  "\"timestamp\":1788256800044,\"instance_id\":\"ins_1\"}");

    (void)state;
    assert_slice(env.type, "user.created");
    assert_slice(env.instance_id, "ins_1");
    assert_slice(env.timestamp, "1788256800044");
    assert_slice(env.data, "{\"id\":\"user_1\", \"n\":9007199254740993}");
}

static void envelope_leaves_absent_fields_empty(void **state)
{
    struct envelope env = read_ok("{\"success\": true}");

    (void)state;
    assert_int_equal(env.type.len + env.instance_id.len + env.timestamp.len + env.data.len, 0);
}

static void envelope_takes_type_only_from_a_plain_string(void **state)
{
    static const struct {
        const char *body, *type;
    } rows[] = {
        { "{\"type\":\"a\"}", "a" },
        { "{\"type\":\"\"}", "" },
        { "{\"type\":7}", "" },
        { "{\"type\":null}", "" },
        { "{\"type\":[\"a\"]}", "" },
        { "{\"type\":\"a\\u002eb\"}", "" },
        { "{\"Type\":\"a\"}", "" },
        { "{\"data\":{\"type\":\"inner\"}}", "" },
        { "{\"typ\\u0065\":\"a\"}", "a" }, /* an escaped key is the same key */
        { "{\"type\":\"first\",\"type\":\"second\"}", "first" },
        { "{\"type\":7,\"type\":\"second\"}", "" }, /* the first counts, even of no use */
        { "\xEF\xBB\xBF{\"type\":\"a\"}", "a" },
        { " \r\n{ \"type\" : \"a\" } \n", "a" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_slice(read_ok(rows[i].body).type, rows[i].type);
}

static void envelope_type_is_found_wherever_it_stands(void **state)
{
    static const struct {
        const char *body, *type;
    } rows[] = {
        { "{\"data\":{},\"object\":\"event\",\"timestamp\":1,\"type\":\"a\"}", "a" },
        { " { \"type\" : \"a\" , \"timestamp\" : 17 , \"object\" : \"event\" } \n", "a" },
        { "{\"type\":\"a\",\"data\":{\"type\":\"inner\"}}", "a" },
        { "{\"type\":\"a\",\"timestamp\":-1.5e3,\"live\":true}", "a" },
        { "{\"type\":\"a\",\"note\":\"\\\",\\\"type\\\":\\\"b\"}", "a" },
        { "{\"type\":\"a\",\"note\":\"b\\\\\"}", "a" },
        { "{\"typ\\u0065\":\"a\"}", "a" },
        { "{\"no\\\"type\":\"a\"}", "" }, /* the key is: no"type */
        { "{\"type\":7}", "" },
        { "{\"type\":\"a\\u002eb\"}", "" },
        { "{\"data\":{\"type\":\"inner\"}}", "" },
        { "{\"timestamp\":1}", "" },
        { "{}", "" },
        { "}", "" },
        { "\"type\":7", "" },
        { "\"type\"}", "" },
        { "7}", "" },
        { "\"}", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *copy = slice_dup(slice_of(rows[i].body)); /* so that ASan sees its beginning */
        assert_slice(envelope_type(slice_of(copy)), rows[i].type);
        free(copy);
    }
}

static void envelope_takes_timestamp_only_from_a_number(void **state)
{
    static const struct {
        const char *body, *timestamp;
    } rows[] = {
        { "{\"timestamp\":1654012591}", "1654012591" },
        { "{\"timestamp\":-1.5e3}", "-1.5e3" },
        { "{\"timestamp\":\"1654012591\"}", "" },
        { "{\"timestamp\":true}", "" },
        { "{\"timestamp\":{}}", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_slice(read_ok(rows[i].body).timestamp, rows[i].timestamp);
}

static void envelope_keeps_data_of_any_kind_byte_for_byte(void **state)
{
    static const char *const values[] = { "null", "7.0", "\"a\\u0041\"", "[ 1,2 ]", "{ }", "true" };

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        char body[64];
        (void)snprintf(body, sizeof(body), "{\"data\": %s }", values[i]);
        assert_slice(read_ok(body).data, values[i]);
    }
}

static void envelope_refuses_what_is_not_one_object(void **state)
{
    static const char *const bodies[] = {
        "",    " ",          "null",       "[]",          "\"type\"", "7",       "{",
        "{}x", "{}{}",       "{},",        "{\"a\":1,}",  "{a:1}",    "{\"a\"}", "{\"data\":{}",
        "x{}", "\xEF\xBB{}", "{\"a\":\"}", "{\"a\":1 2}", "<html>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct envelope env = { .type = SLICE("untouched") };
        assert_int_equal(envelope_read(slice_of(bodies[i]), &env), STATUS_INVALID);
        assert_slice(env.type, "untouched");
    }
}

/* {"data":[[…]],"type":"t"} with depth brackets inside each other in all. */
static enum status read_nested(size_t depth)
{
    char body[2 * JSON_SCAN_DEPTH_MAX + 64];
    char open[JSON_SCAN_DEPTH_MAX + 2];
    char close[JSON_SCAN_DEPTH_MAX + 2];
    struct envelope env;

    memset(open, '[', sizeof(open));
    memset(close, ']', sizeof(close));
    (void)snprintf(body, sizeof(body), "{\"data\":%.*s%.*s,\"type\":\"t\"}", (int)(depth - 1), open,
                   (int)(depth - 1), close);
    return envelope_read(slice_of(body), &env);
}

static void envelope_bounds_the_nesting(void **state)
{
    (void)state;
    assert_int_equal(read_nested(JSON_SCAN_DEPTH_MAX), STATUS_OK);
    assert_int_equal(read_nested(JSON_SCAN_DEPTH_MAX + 1), STATUS_TOO_BIG);
}

static void envelope_is_not_misled_by_brackets_in_strings(void **state)
{
    struct envelope env = read_ok("{\"x\":\"}\\\"],{\",\"data\":\"\\\\\",\"type\":\"t\"}");

    (void)state;
    assert_slice(env.data, "\"\\\\\"");
    assert_slice(env.type, "t");
}

static char *read_file(const char *path, size_t *ret_len)
{
    enum { FILE_MAX = 1 << 20 };
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(FILE_MAX);

    assert_non_null(file);
    assert_non_null(bytes);
    *ret_len = fread(bytes, 1, FILE_MAX, file);
    assert_int_equal(ferror(file), 0);
    (void)fclose(file);
    return bytes;
}

/* The samples are named after their type. */
static void check_sample(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    struct slice type = { name, strlen(name) - strlen(".json") };
    struct envelope env;
    size_t len;
    char *bytes = read_file(path, &len);

    assert_int_equal(envelope_read((struct slice){ bytes, len }, &env), STATUS_OK);
    assert_true(slice_equals(env.type, type));
    assert_true(slice_equals(envelope_type((struct slice){ bytes, len }), type));
    assert_true(env.timestamp.len >= 10);
    assert_true(slice_starts_with(env.instance_id, SLICE("ins_")));
    assert_true(slice_starts_with(env.data, SLICE("{")) && slice_ends_with(env.data, SLICE("}")));
    free(bytes);
}

static void envelope_reads_every_sample(void **state)
{
    glob_t found;

    (void)state;
    assert_int_equal(glob(SOURCE_DIR "/ingest/samples/*.json", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 40);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_sample(found.gl_pathv[i]);
    globfree(&found);
}

static void envelope_refuses_every_beginning_of_a_sample(void **state)
{
    size_t len;
    char *bytes = read_file(SOURCE_DIR "/ingest/samples/session.created.json", &len);
    struct slice whole = slice_trim((struct slice){ bytes, len });

    (void)state;
    for (size_t cut = 0; cut < whole.len; cut++) {
        struct envelope env;
        char *copy = slice_dup((struct slice){ whole.ptr, cut }); /* so that ASan sees its end */
        assert_int_equal(envelope_read((struct slice){ copy, cut }, &env), STATUS_INVALID);
        free(copy);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelope_names_the_four_fields),
        cmocka_unit_test(envelope_leaves_absent_fields_empty),
        cmocka_unit_test(envelope_takes_type_only_from_a_plain_string),
        cmocka_unit_test(envelope_type_is_found_wherever_it_stands),
        cmocka_unit_test(envelope_takes_timestamp_only_from_a_number),
        cmocka_unit_test(envelope_keeps_data_of_any_kind_byte_for_byte),
        cmocka_unit_test(envelope_refuses_what_is_not_one_object),
        cmocka_unit_test(envelope_bounds_the_nesting),
        cmocka_unit_test(envelope_is_not_misled_by_brackets_in_strings),
        cmocka_unit_test(envelope_reads_every_sample),
        cmocka_unit_test(envelope_refuses_every_beginning_of_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
