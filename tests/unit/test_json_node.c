#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "worker/arena.h"
#include "worker/json_node.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char text[] =
    "{\"a\":\"first\",\"a\":\"second\",\"A\":\"upper\",\"\\u0062\":\"\\u00e9\\ud83d\\ude00\\n\","
    "\"n\":null,"
    "\"o\":{\"x\":\"ox\",\"X\":\"oX\",\"n\":null,\"list\":[{\"y\":\"deep\"}]},"
    "\"items\":[{\"status\":\"ended\",\"name\":\"one\"},{\"name\":\"two\"},7,"
    "{\"st\\u0061tus\":\"active\",\"name\":\"three\"},{\"status\":\"active\",\"name\":\"four\"}],"
    "\"empty\":[],\"nul\":\"x\\u0000\",\"half\":\"\\ud800\",\"inside\":{\"key\\u0000\":{\"y\":"
    "\"z\"}},"
    "\"big\" : [ 1, 2 ] }";

/* One text with its tape, and memory for what is made of it. */
struct opened {
    struct json_tape tape;
    struct json_node root;
    struct arena *arena;
};

static void open_text(struct opened *o, const char *json)
{
    assert_int_equal(json_tape_read(slice_of(json), &o->tape), STATUS_OK);
    o->root = json_node_root(&o->tape);
    o->arena = arena_new(64);
    assert_non_null(o->arena);
}

static void close_text(struct opened *o)
{
    json_tape_release(&o->tape);
    arena_free(o->arena);
}

static void assert_text(const struct opened *o, struct json_node node, const char *expected)
{
    struct slice got = { NULL, 0 };

    assert_true(json_node_exists(node));
    assert_int_equal(json_node_kind(node), JSON_STRING);
    assert_int_equal(json_node_text(node, o->arena, &got), STATUS_OK);
    assert_true(slice_equals(got, slice_of(expected)));
    assert_true(json_node_spells(node, slice_of(expected)));
}

static void paths_find_texts(void **state)
{
    static const struct {
        const char *path, *expected; /* NULL: nothing there */
    } cases[] = {
        { "a", "first" },
        { "A", "upper" },
        { "b", "\xC3\xA9\xF0\x9F\x98\x80\n" },
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
    struct opened o;
    (void)state;

    open_text(&o, text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json_node node = { NULL, 0 };
        assert_int_equal(json_node_find(o.root, slice_of(cases[i].path), &node), STATUS_OK);
        if (!cases[i].expected)
            assert_false(json_node_exists(node));
        else
            assert_text(&o, node, cases[i].expected);
    }
    close_text(&o);
}

static void a_member_with_something_spoilt_inside_is_refused(void **state)
{
    struct opened o;
    struct json_node node;
    (void)state;

    open_text(&o, text);
    assert_int_equal(json_node_find(o.root, SLICE("nul"), &node), STATUS_INVALID);
    assert_int_equal(json_node_find(o.root, SLICE("half"), &node), STATUS_INVALID);
    assert_int_equal(json_node_find(o.root, SLICE("inside"), &node), STATUS_INVALID);
    assert_int_equal(json_node_find(o.root, SLICE("inside.other"), &node), STATUS_INVALID);
    assert_int_equal(json_node_find(o.root, SLICE("a"), &node), STATUS_OK);
    assert_int_equal(json_node_find(o.root, SLICE("o.x"), &node), STATUS_OK);
    close_text(&o);
}

static void raw_is_the_exact_text_of_the_first_of_its_name(void **state)
{
    struct opened o;
    (void)state;

    open_text(&o, text);
    assert_true(
        slice_equals(json_node_raw(json_node_member(o.root, SLICE("big"))), SLICE("[ 1, 2 ]")));
    assert_true(
        slice_equals(json_node_raw(json_node_member(o.root, SLICE("a"))), SLICE("\"first\"")));
    assert_true(slice_equals(json_node_raw(json_node_member(o.root, SLICE("n"))), SLICE("null")));
    assert_int_equal(json_node_raw(json_node_member(o.root, SLICE("missing"))).len, 0);
    close_text(&o);
}

static void elements_come_one_after_the_other(void **state)
{
    static const char *const expected[] = { "1", "[2,[3]]", "{\"a\":[4]}", "\"5\"" };
    struct opened o;
    struct json_node element;
    size_t count = 0;
    (void)state;

    open_text(&o, "[1,[2,[3]],{\"a\":[4]},\"5\"]");
    for (element = json_node_first(o.root); json_node_exists(element);
         element = json_node_after(o.root, element))
        assert_true(slice_equals(json_node_raw(element), slice_of(expected[count++])));
    assert_int_equal(count, COUNT(expected));
    close_text(&o);
}

static void only_arrays_have_elements_and_only_objects_members(void **state)
{
    static const char *const others[] = { "{\"a\":1}", "[]", "\"[1]\"", "7", "null", "{}" };
    struct opened o;
    (void)state;

    for (size_t i = 0; i < COUNT(others); i++) {
        open_text(&o, others[i]);
        assert_false(json_node_exists(json_node_first(o.root)));
        assert_false(json_node_exists(json_node_member(o.root, SLICE("b"))));
        close_text(&o);
    }
}

static void a_member_among_many_is_found(void **state)
{
    char json[4096] = "{";
    size_t len = 1;
    struct opened o;
    (void)state;

    for (int i = 0; i < 200; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len, "%s\"k%d\":%d", i ? "," : "", i, i);
    (void)snprintf(json + len, sizeof(json) - len, "}");
    open_text(&o, json);
    assert_true(slice_equals(json_node_raw(json_node_member(o.root, SLICE("k199"))), SLICE("199")));
    close_text(&o);
}

/* Asks an object for each of keys before and after it is indexed. */
static void assert_same_when_indexed(const char *json, const char *const *keys, size_t count)
{
    struct opened plain, indexed;

    open_text(&plain, json);
    open_text(&indexed, json);
    json_node_index(&indexed.tape, indexed.root);
    for (size_t i = 0; i < count; i++) {
        struct json_node there = json_node_member(indexed.root, slice_of(keys[i]));
        assert_true(slice_equals(json_node_raw(json_node_member(plain.root, slice_of(keys[i]))),
                                 json_node_raw(there)));
    }
    close_text(&plain);
    close_text(&indexed);
}

static void an_index_finds_what_a_search_finds(void **state)
{
    static const char *const keys[] = { "a",     "A",      "b",  "n",      "o",    "items",
                                        "empty", "big",    "x",  "status", "",     "y",
                                        "nul",   "inside", "ab", "first",  "half", "list" };
    (void)state;

    assert_same_when_indexed(text, keys, COUNT(keys)); /* it has an escaped key */
    assert_same_when_indexed("{\"a\":1,\"b\":{\"c\":2,\"a\":3},\"a\":4,\"\":5,\"ab\":6,\"A\":7}",
                             keys, COUNT(keys));
    assert_same_when_indexed("{}", keys, COUNT(keys));
    assert_same_when_indexed("[\"a\",\"b\"]", keys, COUNT(keys));
}

static void an_index_of_any_number_of_members_finds_the_first_of_each_name(void **state)
{
    enum { MEMBERS = 66 };
    (void)state;

    for (int count = 1; count <= MEMBERS; count++) {
        char json[4096] = "{";
        size_t len = 1;
        struct opened o;
        for (int i = 0; i < count * 2; i++) /* each name twice */
            len += (size_t)snprintf(json + len, sizeof(json) - len, "%s\"k%d\":%d", i ? "," : "",
                                    i % count, i);
        (void)snprintf(json + len, sizeof(json) - len, "}");
        open_text(&o, json);
        json_node_index(&o.tape, o.root);
        for (int i = 0; i < count; i++) {
            char key[16], value[16];
            (void)snprintf(key, sizeof(key), "k%d", i);
            (void)snprintf(value, sizeof(value), "%d", i);
            struct json_node member = json_node_member(o.root, slice_of(key));
            assert_true(slice_equals(json_node_raw(member), slice_of(value)));
        }
        assert_false(json_node_exists(json_node_member(o.root, SLICE("k"))));
        close_text(&o);
    }
}

static void only_the_object_that_is_indexed_answers_from_the_index(void **state)
{
    struct opened o;
    (void)state;

    open_text(&o, "{\"a\":1,\"in\":{\"a\":2,\"b\":3}}");
    struct json_node in = json_node_member(o.root, SLICE("in"));
    json_node_index(&o.tape, in);
    assert_true(slice_equals(json_node_raw(json_node_member(in, SLICE("a"))), SLICE("2")));
    assert_true(slice_equals(json_node_raw(json_node_member(o.root, SLICE("a"))), SLICE("1")));
    assert_false(json_node_exists(json_node_member(o.root, SLICE("b"))));
    json_node_index(&o.tape, o.root);
    assert_true(slice_equals(json_node_raw(json_node_member(in, SLICE("b"))), SLICE("3")));
    assert_false(json_node_exists(json_node_member(o.root, SLICE("b"))));
    close_text(&o);
}

static void numbers_are_as_near_as_a_double_comes(void **state)
{
    struct opened o;
    (void)state;

    open_text(&o, "[1.5,-2e3,1e400]");
    struct json_node number = json_node_first(o.root);
    assert_true(fabs(json_node_number(number) - 1.5) < 1e-9);
    number = json_node_after(o.root, number);
    assert_true(fabs(json_node_number(number) + 2000) < 1e-9);
    assert_true(isinf(json_node_number(json_node_after(o.root, number))));
    close_text(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_texts),
        cmocka_unit_test(a_member_with_something_spoilt_inside_is_refused),
        cmocka_unit_test(raw_is_the_exact_text_of_the_first_of_its_name),
        cmocka_unit_test(elements_come_one_after_the_other),
        cmocka_unit_test(only_arrays_have_elements_and_only_objects_members),
        cmocka_unit_test(a_member_among_many_is_found),
        cmocka_unit_test(an_index_finds_what_a_search_finds),
        cmocka_unit_test(an_index_of_any_number_of_members_finds_the_first_of_each_name),
        cmocka_unit_test(only_the_object_that_is_indexed_answers_from_the_index),
        cmocka_unit_test(numbers_are_as_near_as_a_double_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
