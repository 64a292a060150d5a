/* What reaches a terminal, and what a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/json_same.h"
#include "worker/listing.h"

static const struct listing_column columns[] = { { "ID", 6 }, { "TEXT", 0 } };

/* Two rows as they are printed; yours to free. */
static char *printed(bool is_terminal)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    struct listing list = listing_begin(out, is_terminal, columns, 2);
    listing_number(&list, 7);
    listing_cell(&list, SLICE("a b"));
    listing_cell(&list, SLICE("longer-id"));
    listing_cell(&list, SLICE(""));
    fclose(out);
    return text;
}

static void a_terminal_gets_titles_and_columns(void **state)
{
    char *text = printed(true);
    (void)state;
    assert_string_equal("ID      TEXT\n7       a b\nlonger-id  -\n", text);
    free(text);
}

static void a_pipe_gets_tabs_and_no_titles(void **state)
{
    char *text = printed(false);
    (void)state;
    assert_string_equal("7\ta b\nlonger-id\t-\n", text);
    free(text);
}

static void nothing_steers_a_terminal(void **state)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        { "plain", "plain" },
        { "\x1b[2Jx", "?[2Jx" },
        { "a\r\n\tb\x7f", "a???b?" },
        { "Zo\xc3\xab \xe2\x82\xac", "Zo\xc3\xab \xe2\x82\xac" },
        { "c1 \xc2\x9b"
          "2J",
          "c1 ?2J" },
        { "\xc2\xa0", "\xc2\xa0" },
        { "bad \xff\xc3\xab", "bad ???" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        listing_print_safely(out, slice_of(rows[i].text));
        fclose(out);
        assert_string_equal(rows[i].shown, text);
        free(text);
    }
}

static void ages_are_for_people(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        { -5, "0 s" },         { 999, "0 s" },          { 119999, "119 s" },
        { 120000, "2 min" },   { 7199000, "119 min" },  { 7200000, "2.0 h" },
        { 12600000, "3.5 h" }, { 172799000, "47.9 h" }, { 172800000, "2 d" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[LISTING_CELL_MAX];
        listing_age(rows[i].ms, text);
        assert_string_equal(rows[i].text, text);
    }
}

static void sizes_are_for_people(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } rows[] = {
        { 0, "0 B" },
        { 1023, "1023 B" },
        { 1024, "1.0 KiB" },
        { 1536, "1.5 KiB" },
        { 12 << 20, "12.0 MiB" },
        { INT64_C(5) << 40, "5.0 TiB" },
        { INT64_C(5000) << 40, "5000.0 TiB" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[LISTING_CELL_MAX];
        listing_size(rows[i].bytes, text);
        assert_string_equal(rows[i].text, text);
    }
}

static void white_space_between_tokens_makes_no_other_json(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "{\"a\":[1,2]}", "{ \"a\" :\n[1, 2] }", true },
        { "", " \n", true },
        { "{\"a\":\"x y\"}", "{\"a\":\"xy\"}", false },
        { "\"a\\\" b\"", "\"a\\\"b\"", false },
        { "{\"a\":1}", "{\"a\":1", false },
        { "[1,2]", "[1,3]", false },
        { "\"\\\\\" ", "\"\\\\\"", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rows[i].same, json_same(slice_of(rows[i].a), slice_of(rows[i].b)));
        assert_int_equal(rows[i].same, json_same(slice_of(rows[i].b), slice_of(rows[i].a)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_gets_titles_and_columns),
        cmocka_unit_test(a_pipe_gets_tabs_and_no_titles),
        cmocka_unit_test(nothing_steers_a_terminal),
        cmocka_unit_test(ages_are_for_people),
        cmocka_unit_test(sizes_are_for_people),
        cmocka_unit_test(white_space_between_tokens_makes_no_other_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
