#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/slice.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void assert_slice(struct slice s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_true(slice_equals(s, slice_of(expected)));
}

static void slice_of_null_is_empty(void **state)
{
    (void)state;
    assert_int_equal(slice_of(NULL).len, 0);
    assert_int_equal(slice_of("abc").len, 3);
}

static void slice_equals_compares_length_and_bytes(void **state)
{
    (void)state;
    assert_true(slice_equals(SLICE("a\0b"), SLICE("a\0b")));
    assert_false(slice_equals(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_equals(SLICE("ab"), SLICE("abc")));
    assert_true(slice_equals(slice_of(NULL), SLICE("")));
}

static void slice_equals_nocase_folds_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(slice_equals_nocase(SLICE("Svix-ID"), SLICE("svix-id")));
    assert_false(slice_equals_nocase(SLICE("svix-id"), SLICE("svix_id")));
    assert_false(slice_equals_nocase(SLICE("["), SLICE("{"))); /* 32 apart, as letters are */
    assert_false(slice_equals_nocase(SLICE("\xC4"), SLICE("\xE4")));
    assert_false(slice_equals_nocase(SLICE("a"), SLICE("ab")));
}

static void slice_compare_orders_bytes_then_length(void **state)
{
    (void)state;
    assert_true(slice_compare(SLICE("a"), SLICE("b")) < 0);
    assert_true(slice_compare(SLICE("b"), SLICE("a")) > 0);
    assert_true(slice_compare(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_compare(SLICE("\xFF"), SLICE("a")) > 0);
    assert_int_equal(slice_compare(SLICE("ab"), SLICE("ab")), 0);
    assert_int_equal(slice_compare(slice_of(NULL), slice_of(NULL)), 0);
}

static void slice_knows_its_beginning_and_end(void **state)
{
    (void)state;
    assert_true(slice_starts_with(SLICE("user.created"), SLICE("user.")));
    assert_false(slice_starts_with(SLICE("use"), SLICE("user")));
    assert_true(slice_starts_with(slice_of(NULL), SLICE("")));
    assert_true(slice_ends_with(SLICE("user.created"), SLICE(".created")));
    assert_false(slice_ends_with(SLICE("created"), SLICE(".created")));
    assert_true(slice_ends_with(slice_of(NULL), SLICE("")));
}

static void slice_drop_prefix_cuts_only_what_is_there(void **state)
{
    struct slice s = SLICE("v1,abc");

    (void)state;
    assert_false(slice_drop_prefix(&s, SLICE("v2,")));
    assert_slice(s, "v1,abc");
    assert_true(slice_drop_prefix(&s, SLICE("v1,")));
    assert_slice(s, "abc");
}

static void slice_trim_takes_white_space_off_both_ends(void **state)
{
    (void)state;
    assert_slice(slice_trim(SLICE(" \t\r\na b\n ")), "a b");
    assert_slice(slice_trim(SLICE(" \n")), "");
    assert_slice(slice_trim(slice_of(NULL)), "");
}

static void slice_find_gives_the_first_position_or_the_length(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("a.b.c"), '.'), 1);
    assert_int_equal(slice_find(SLICE("abc"), '.'), 3);
    assert_int_equal(slice_find(slice_of(NULL), '.'), 0);
}

/* The pieces, each followed by a bar. */
static void join(const char *text, bool words, char out[64])
{
    struct slice rest = slice_of(text);
    struct slice piece;
    size_t len = 0;

    while (words ? slice_next_word(&rest, &piece) : slice_split(&rest, ',', &piece))
        len += (size_t)snprintf(out + len, 64 - len, "%.*s|", SLICE_ARG(piece));
    out[len] = '\0';
}

static void slice_split_returns_every_piece(void **state)
{
    static const struct {
        const char *text, *pieces;
    } rows[] = {
        { "", "" },     { "a", "a|" }, { "a,b", "a|b|" }, { "a,,b", "a||b|" },   { ",a", "|a|" },
        { "a,", "a|" }, { ",", "|" },  { ",,", "||" },    { "a b,c", "a b|c|" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[64];
        join(rows[i].text, false, out);
        assert_string_equal(out, rows[i].pieces);
    }
}

static void slice_split_leaves_null_behind(void **state)
{
    struct slice rest = SLICE("a");
    struct slice piece = SLICE("untouched");

    (void)state;
    assert_true(slice_split(&rest, ',', &piece));
    assert_null(rest.ptr);
    piece = SLICE("untouched");
    assert_false(slice_split(&rest, ',', &piece));
    assert_slice(piece, "untouched");
}

static void slice_next_word_skips_runs_of_separators(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "", "" },
        { " ,\t\r\n", "" },
        { "a", "a|" },
        { "  /a, /b\n/c ,,", "/a|/b|/c|" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[64];
        join(rows[i].text, true, out);
        assert_string_equal(out, rows[i].words);
    }
}

static void slice_to_i64_reads_numbers_within_the_range(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max, number;
    } rows[] = {
        { "0", 0, 0, 0 },
        { "-0", 0, 0, 0 },
        { "007", 0, 7, 7 },
        { "-5", -5, 5, -5 },
        { "1788256800044", 0, INT64_MAX, 1788256800044 },
        { "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX },
        { "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t number = 77;
        assert_true(slice_to_i64(slice_of(rows[i].text), rows[i].min, rows[i].max, &number));
        assert_true(number == rows[i].number);
    }
}

static void slice_to_i64_refuses_everything_else(void **state)
{
    static const char *const texts[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "1e3",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "00000000000000000001",
        "101",
        "-101",
        "1a",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t min = strlen(texts[i]) > 4 ? INT64_MIN : -100;
        int64_t max = strlen(texts[i]) > 4 ? INT64_MAX : 100;
        int64_t number = 77;
        assert_false(slice_to_i64(slice_of(texts[i]), min, max, &number));
        assert_int_equal(number, 77);
    }
}

static void slice_dup_ends_with_nul(void **state)
{
    char *copy = slice_dup((struct slice){ "abcdef", 3 });
    char *empty = slice_dup(slice_of(NULL));

    (void)state;
    assert_string_equal(copy, "abc");
    assert_string_equal(empty, "");
    free(copy);
    free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slice_of_null_is_empty),
        cmocka_unit_test(slice_equals_compares_length_and_bytes),
        cmocka_unit_test(slice_equals_nocase_folds_ascii_letters_only),
        cmocka_unit_test(slice_compare_orders_bytes_then_length),
        cmocka_unit_test(slice_knows_its_beginning_and_end),
        cmocka_unit_test(slice_drop_prefix_cuts_only_what_is_there),
        cmocka_unit_test(slice_trim_takes_white_space_off_both_ends),
        cmocka_unit_test(slice_find_gives_the_first_position_or_the_length),
        cmocka_unit_test(slice_split_returns_every_piece),
        cmocka_unit_test(slice_split_leaves_null_behind),
        cmocka_unit_test(slice_next_word_skips_runs_of_separators),
        cmocka_unit_test(slice_to_i64_reads_numbers_within_the_range),
        cmocka_unit_test(slice_to_i64_refuses_everything_else),
        cmocka_unit_test(slice_dup_ends_with_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
