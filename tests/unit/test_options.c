/* Command lines of the operator's commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/options.h"

enum { ARGS_MAX = 8 };

struct given {
    bool flag;
    const char *text;
    int64_t count;
    int64_t age_ms;
    size_t words;
    char *argv[ARGS_MAX];
    char error[OPTIONS_ERROR_MAX];
};

/* Reads the command line "command LINE", words separated by single spaces. line is cut up. */
static enum status read_line(char *line, struct given *g)
{
    const struct option_spec specs[] = {
        { "--flag", OPTION_FLAG, &g->flag, 0, 0 },
        { "--text", OPTION_TEXT, &g->text, 0, 0 },
        { "--count", OPTION_COUNT, &g->count, 1, 100 },
        { "--age", OPTION_AGE, &g->age_ms, 0, 0 },
    };
    static char name[] = "command";
    int argc = 0;
    g->argv[argc++] = name;
    while (*line && argc < ARGS_MAX) {
        char *space = strchr(line, ' ');
        g->argv[argc++] = line;
        if (!space)
            break;
        *space = '\0';
        line = space + 1;
    }
    return options_read(argc, g->argv, specs, sizeof specs / sizeof *specs, &g->words, g->error);
}

static void options_are_read_in_both_spellings(void **state)
{
    char line[] = "--text=a --count 7 --flag --age=15m";
    struct given g = { 0 };
    (void)state;
    assert_int_equal(STATUS_OK, read_line(line, &g));
    assert_true(g.flag);
    assert_string_equal("a", g.text);
    assert_int_equal(7, g.count);
    assert_int_equal(15 * 60 * 1000, g.age_ms);
    assert_int_equal(0, g.words);
}

static void words_move_to_the_front_in_their_order(void **state)
{
    char line[] = "one --count 2 two --flag - three";
    static const char *const expected[] = { "one", "two", "-", "three" };
    struct given g = { 0 };
    (void)state;
    assert_int_equal(STATUS_OK, read_line(line, &g));
    assert_int_equal(4, g.words);
    for (size_t i = 0; i < g.words; i++)
        assert_string_equal(expected[i], g.argv[i]);
}

static void two_dashes_end_the_options(void **state)
{
    char line[] = "--flag -- --text --count";
    struct given g = { 0 };
    (void)state;
    assert_int_equal(STATUS_OK, read_line(line, &g));
    assert_int_equal(2, g.words);
    assert_string_equal("--text", g.argv[0]);
    assert_null(g.text);
}

static void ages_have_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = { { "0s", 0 },
                 { "90s", 90000 },
                 { "15m", 900000 },
                 { "2h", 7200000 },
                 { "7d", INT64_C(604800000) },
                 { "1000000000d", INT64_C(86400000000000000) } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[64] = "--age ";
        struct given g = { .age_ms = -1 };
        memcpy(line + 6, rows[i].text, strlen(rows[i].text));
        assert_int_equal(STATUS_OK, read_line(line, &g));
        assert_int_equal(rows[i].ms, g.age_ms);
    }
}

static void what_is_wrong_is_named_in_one_line(void **state)
{
    static const struct {
        const char *line, *error;
    } rows[] = {
        { "--flga", "--flga: unknown option, see --help" },
        { "--flag=yes", "--flag: takes no value" },
        { "--text", "--text: the value is missing" },
        { "--text=", "--text: the value is empty" },
        { "--count 0", "--count: expected a whole number from 1 to 100" },
        { "--count 101", "--count: expected a whole number from 1 to 100" },
        { "--count 1x", "--count: expected a whole number from 1 to 100" },
        { "--age 5", "--age: expected an age such as 90s, 15m, 2h or 7d" },
        { "--age s", "--age: expected an age such as 90s, 15m, 2h or 7d" },
        { "--age -5s", "--age: expected an age such as 90s, 15m, 2h or 7d" },
        { "--age 5y", "--age: expected an age such as 90s, 15m, 2h or 7d" },
        { "-x", "-x: unknown option, see --help" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[64] = "";
        struct given g = { 0 };
        memcpy(line, rows[i].line, strlen(rows[i].line));
        assert_int_equal(STATUS_INVALID, read_line(line, &g));
        assert_string_equal(rows[i].error, g.error);
    }
}

static void a_word_is_refused_where_none_is_taken(void **state)
{
    bool flag = false;
    const struct option_spec specs[] = { { "--flag", OPTION_FLAG, &flag, 0, 0 } };
    char command[] = "peek", option[] = "--flag", word[] = "more";
    char *argv[] = { command, option, word };
    char error[OPTIONS_ERROR_MAX] = "";
    (void)state;
    assert_int_equal(STATUS_OK, options_read_alone(2, argv, specs, 1, error));
    assert_true(flag);
    assert_int_equal(STATUS_INVALID, options_read_alone(3, argv, specs, 1, error));
    assert_string_equal("more: takes no words, see --help", error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_both_spellings),
        cmocka_unit_test(words_move_to_the_front_in_their_order),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(ages_have_a_unit),
        cmocka_unit_test(what_is_wrong_is_named_in_one_line),
        cmocka_unit_test(a_word_is_refused_where_none_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
