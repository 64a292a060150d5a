#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "worker/json_object.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char text[] =
    "{\"a\":\"first\",\"a\":\"second\",\"A\":\"upper\",\"\\u0062\":\"escaped\",\"n\":null,"
    "\"o\":{\"x\":\"ox\",\"X\":\"oX\",\"n\":null,\"list\":[{\"y\":\"deep\"}]},"
    "\"items\":[{\"status\":\"ended\",\"name\":\"one\"},{\"name\":\"two\"},7,"
    "{\"status\":\"active\",\"name\":\"three\"},{\"status\":\"active\",\"name\":\"four\"}],"
    "\"empty\":[],\"nul\":\"x\\u0000\",\"half\":\"\\ud800\",\"big\" : [ 1, 2 ] }";

static struct json_object open_object(const char *json)
{
    struct json_object object;

    assert_int_equal(json_object_read(slice_of(json), &object), STATUS_OK);
    return object;
}

static void paths_find_texts(void **state)
{
    static const struct {
        const char *path, *expected; /* NULL: nothing there */
    } cases[] = {
        { "a", "first" },
        { "A", "upper" },
        { "b", "escaped" },
        { "o.x", "ox" },
        { "o.X", "oX" },
        { "o.list[0].y", "deep" },
        { "items[0].name", "one" },
        { "items[status=active].name", "three" },
        { "items[status=gone].name", NULL },
        { "items[status~gone].name", "one" },
        { "items[status~active].name", "three" },
        { "empty[0].name", NULL },
        { "empty[status~active].name", NULL },
        { "a[0].name", NULL },
        { "o[status~active].x", NULL },
        { "n", NULL },
        { "o.n", NULL },
        { "o.n.x", NULL },
        { "a.x", NULL },
        { "items.name", NULL },
        { "missing", NULL },
        { "missing.too", NULL },
        { "o.missing", NULL },
        { "", NULL },
    };
    struct json_object object = open_object(text);
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const cJSON *item = NULL;
        assert_int_equal(json_object_find(&object, slice_of(cases[i].path), &item), STATUS_OK);
        if (!cases[i].expected)
            assert_null(item);
        else
            assert_string_equal(cJSON_GetStringValue(item), cases[i].expected);
    }
    json_object_release(&object);
}

static void what_cjson_would_cut_short_is_refused(void **state)
{
    struct json_object object = open_object(text);
    const cJSON *item = NULL;
    (void)state;

    assert_int_equal(json_object_find(&object, SLICE("nul"), &item), STATUS_INVALID);
    assert_int_equal(json_object_find(&object, SLICE("nul"), &item), STATUS_INVALID);
    assert_int_equal(json_object_find(&object, SLICE("half"), &item), STATUS_INVALID);
    assert_int_equal(json_object_find(&object, SLICE("a"), &item), STATUS_OK);
    json_object_release(&object);
}

static void raw_is_the_exact_text_of_the_first_of_its_name(void **state)
{
    struct json_object object = open_object(text);
    (void)state;

    assert_true(slice_equals(json_object_raw(&object, SLICE("big")), SLICE("[ 1, 2 ]")));
    assert_true(slice_equals(json_object_raw(&object, SLICE("a")), SLICE("\"first\"")));
    assert_true(slice_equals(json_object_raw(&object, SLICE("n")), SLICE("null")));
    assert_int_equal(json_object_raw(&object, SLICE("missing")).len, 0);
    json_object_release(&object);
}

static void only_objects_can_be_opened(void **state)
{
    static const char *const others[] = { "[1]", "\"{}\"", "7", "null", "" };
    struct json_object object;
    (void)state;

    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_equal(json_object_read(slice_of(others[i]), &object), STATUS_INVALID);
    object = open_object("{}");
    assert_int_equal(object.count, 0);
    json_object_release(&object);
}

static void objects_of_many_members_are_opened_whole(void **state)
{
    char json[4096] = "{";
    size_t len = 1;
    struct json_object object;
    (void)state;

    for (int i = 0; i < 200; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len, "%s\"k%d\":%d", i ? "," : "", i, i);
    (void)snprintf(json + len, sizeof(json) - len, "}");
    object = open_object(json);
    assert_int_equal(object.count, 200);
    assert_true(slice_equals(json_object_raw(&object, SLICE("k199")), SLICE("199")));
    json_object_release(&object);
}

static void releasing_twice_is_fine(void **state)
{
    struct json_object object = { 0 };
    (void)state;

    json_object_release(&object);
    object = open_object("{\"a\":1}");
    json_object_release(&object);
    json_object_release(&object);
    assert_null(object.members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_texts),
        cmocka_unit_test(what_cjson_would_cut_short_is_refused),
        cmocka_unit_test(raw_is_the_exact_text_of_the_first_of_its_name),
        cmocka_unit_test(only_objects_can_be_opened),
        cmocka_unit_test(objects_of_many_members_are_opened_whole),
        cmocka_unit_test(releasing_twice_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
