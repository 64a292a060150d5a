#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "ingest/send_items.h"

#define NOW_MS INT64_C(1900000000000)
#define ODD    "not JSON \x01\xff\n at all\n"

enum { BODY_MAX_BYTES = 1 << 20, TARGETS_MAX = 4 };

/* A file of our own under the path's name. */
static void write_file(char path[64], const char *content, size_t len)
{
    snprintf(path, 64, "/tmp/test_send_items_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), len);
    close(fd);
}

static enum status find(const char *const *targets, struct send_items *ret_items, char *ret_error)
{
    char *copy[TARGETS_MAX] = { NULL };
    struct send_args args = { .count = 1, .targets = copy };
    for (; targets[args.target_count]; args.target_count++)
        copy[args.target_count] = strdup(targets[args.target_count]);
    enum status st = send_items_find(&args, ret_items, ret_error);
    for (size_t i = 0; i < args.target_count; i++)
        free(copy[i]);
    return st;
}

static void refused(const char *target, const char *why)
{
    const char *targets[] = { "user.created", target, NULL };
    struct send_items items = { 0 };
    char error[SEND_ITEMS_ERROR_MAX];
    assert_int_equal(find(targets, &items, error), STATUS_INVALID);
    assert_int_equal(strncmp(error, target, strlen(target)), 0);
    if (!strstr(error, why))
        fail_msg("%s: %s", target, error);
    assert_null(items.items);
}

static void items_of_a_pattern_are_in_causal_order(void **state)
{
    const char *targets[] = { "user.*", "role.created", NULL };
    static const char *const names[] = { "user.created", "user.updated", "user.deleted",
                                         "role.created" };
    struct send_items items;
    char error[SEND_ITEMS_ERROR_MAX];
    (void)state;
    assert_int_equal(find(targets, &items, error), STATUS_OK);
    assert_int_equal(items.count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(items.items[i].name, names[i]);
    send_items_release(&items);
}

static void items_of_all_are_all_samples(void **state)
{
    struct send_args args = { .count = 1, .all = true };
    struct send_items items;
    char error[SEND_ITEMS_ERROR_MAX];
    (void)state;
    assert_int_equal(send_items_find(&args, &items, error), STATUS_OK);
    assert_int_equal(items.count, 51);
    assert_string_equal(items.items[50].name, "user.deleted");
    send_items_release(&items);
}

static void item_of_a_file_is_rendered_byte_for_byte(void **state)
{
    char path[64], error[SEND_ITEMS_ERROR_MAX];
    const char *targets[] = { path, NULL };
    const struct send_args no_overrides = { .count = 1 };
    struct send_chain chain = { 0 };
    struct send_items items;
    struct buf body = buf_make(BODY_MAX_BYTES);
    (void)state;
    write_file(path, ODD, sizeof ODD);
    assert_int_equal(find(targets, &items, error), STATUS_OK);
    assert_int_equal(send_item_render(&items.items[0], &no_overrides, 1, NOW_MS, &chain, &body),
                     STATUS_OK);
    assert_true(slice_equals(buf_slice(&body), (struct slice){ ODD, sizeof ODD }));
    buf_release(&body);
    send_items_release(&items);
    unlink(path);
}

static void item_of_an_empty_file_is_an_empty_body(void **state)
{
    char path[64], error[SEND_ITEMS_ERROR_MAX];
    const char *targets[] = { path, NULL };
    struct send_items items;
    (void)state;
    write_file(path, "", 0);
    assert_int_equal(find(targets, &items, error), STATUS_OK);
    assert_int_equal(items.items[0].body.len, 0);
    send_items_release(&items);
    unlink(path);
}

static void items_of_a_file_with_an_event_on_each_line_are_its_lines(void **state)
{
    static const char content[] = "{\"a\":1}\r\n\n  {\"b\": 2}\n{\"c\":3}";
    char path[64], error[SEND_ITEMS_ERROR_MAX];
    const char *targets[] = { path, "role.created", NULL };
    static const char *const lines[] = { "{\"a\":1}", "{\"b\": 2}", "{\"c\":3}" };
    struct send_items items;
    (void)state;
    write_file(path, content, sizeof content - 1);
    assert_int_equal(find(targets, &items, error), STATUS_OK);
    assert_int_equal(items.count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(slice_equals(items.items[i].body, slice_of(lines[i])));
    send_items_release(&items);
    unlink(path);
}

static void item_of_a_file_with_one_object_over_many_lines_is_one(void **state)
{
    static const char content[] = "{\n  \"a\": {\n  }\n}\n";
    char path[64], error[SEND_ITEMS_ERROR_MAX];
    const char *targets[] = { path, NULL };
    struct send_items items;
    (void)state;
    write_file(path, content, sizeof content - 1);
    assert_int_equal(find(targets, &items, error), STATUS_OK);
    assert_int_equal(items.count, 1);
    assert_int_equal(items.items[0].body.len, sizeof content - 1);
    send_items_release(&items);
    unlink(path);
}

/* Renders text as the content of a file, with the changes. */
static enum status render(const char *text, const char *const *changes, struct buf *out)
{
    struct send_args args = { .count = 1 };
    struct send_item item = { "file", false, slice_of(text), NULL };
    for (; *changes; changes++)
        assert_int_equal(override_parse(*changes, &args.overrides[args.override_count++]),
                         STATUS_OK);
    struct send_chain chain = { 0 };
    enum status st = send_item_render(&item, &args, 1, NOW_MS, &chain, out);
    send_args_release(&args);
    return st;
}

static void item_gets_its_overrides_in_their_order(void **state)
{
    const char *changes[] = { "a=1", "a=2", "b.c=Ada", NULL };
    struct buf body = buf_make(BODY_MAX_BYTES);
    (void)state;
    assert_int_equal(render("{\"a\":0,\"n\":9007199254740993}", changes, &body), STATUS_OK);
    assert_string_equal(buf_text(&body), "{\"a\":2,\"n\":9007199254740993,\"b\":{\"c\":\"Ada\"}}");
    buf_release(&body);
}

static void item_that_an_override_does_not_fit_is_refused(void **state)
{
    const char *changes[] = { "a=1", NULL };
    struct buf body = buf_make(BODY_MAX_BYTES);
    (void)state;
    assert_int_equal(render("no object", changes, &body), STATUS_INVALID);
    buf_release(&body);
}

static void item_of_a_sample_keeps_an_id_that_was_overridden(void **state)
{
    const char *targets[] = { "user.deleted", NULL };
    struct send_items items;
    struct send_args args = { .count = 1, .override_count = 1 };
    struct send_chain chain = { 0 };
    struct buf body = buf_make(BODY_MAX_BYTES);
    char error[SEND_ITEMS_ERROR_MAX];
    (void)state;
    assert_int_equal(override_parse("data.id=user_3IioYv5sxdCaP5bMUgMdw90eoAO", &args.overrides[0]),
                     STATUS_OK);
    assert_int_equal(find(targets, &items, error), STATUS_OK);
    assert_int_equal(send_item_render(&items.items[0], &args, 1, NOW_MS, &chain, &body), STATUS_OK);
    assert_non_null(strstr(buf_text(&body), "\"id\":\"user_3IioYv5sxdCaP5bMUgMdw90eoAO\""));
    assert_non_null(strstr(buf_text(&body), "\"timestamp\":1900000000000,"));
    buf_release(&body);
    send_items_release(&items);
    send_args_release(&args);
}

static void items_that_cannot_be_had_are_named(void **state)
{
    static const struct {
        const char *target, *why;
    } rows[] = {
        { "user.creatd", "no sample of this type" },
        { "nothing.*", "no sample of this type" },
        { "/nonexistent/file", "No such file" },
        { "nonexistent.json", "No such file" },
        { "/tmp/", "Is a directory" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(rows[i].target, rows[i].why);
}

static void items_hold_a_file_of_bounded_size(void **state)
{
    char path[64];
    (void)state;
    write_file(path, "", 0);
    assert_int_equal(truncate(path, SEND_FILE_MAX_BYTES + 1), 0);
    refused(path, "longer than 16 MiB");
    unlink(path);
}

static void items_tell_files_from_types(void **state)
{
    static const struct {
        const char *target;
        bool is_file;
    } rows[] = {
        { "user.created", false }, { "user.*", false }, { "*", false },    { "json", false },
        { "user.json", true },     { "./x", true },     { "a/b.c", true }, { "-", true },
        { "--", false },           { "", false },       { ".json", true }, { "a.ndjson", true },
        { "a.jsonl", true },       { "ndjson", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(send_items_is_file(rows[i].target), rows[i].is_file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_of_a_pattern_are_in_causal_order),
        cmocka_unit_test(items_of_all_are_all_samples),
        cmocka_unit_test(item_of_a_file_is_rendered_byte_for_byte),
        cmocka_unit_test(item_of_an_empty_file_is_an_empty_body),
        cmocka_unit_test(items_of_a_file_with_an_event_on_each_line_are_its_lines),
        cmocka_unit_test(item_of_a_file_with_one_object_over_many_lines_is_one),
        cmocka_unit_test(item_gets_its_overrides_in_their_order),
        cmocka_unit_test(item_that_an_override_does_not_fit_is_refused),
        cmocka_unit_test(item_of_a_sample_keeps_an_id_that_was_overridden),
        cmocka_unit_test(items_that_cannot_be_had_are_named),
        cmocka_unit_test(items_hold_a_file_of_bounded_size),
        cmocka_unit_test(items_tell_files_from_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
