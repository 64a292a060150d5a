#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/send_args.h"

enum { WORDS_MAX = 160 };

/* A command line as getopt likes it: writable and ended by NULL. */
struct line {
    char *text;
    char *argv[WORDS_MAX + 1];
    int argc;
};

static struct line line_of(const char *text)
{
    struct line line = { .text = strdup(text) };
    assert_non_null(line.text);
    char *rest = line.text;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(line.argc < WORDS_MAX);
        line.argv[line.argc++] = word;
    }
    return line;
}

static void refused(const char *text, const char *why)
{
    struct send_args args;
    char error[SEND_ARGS_ERROR_MAX];
    struct line line = line_of(text);
    assert_int_equal(send_args_parse(line.argc, line.argv, &args, error), STATUS_INVALID);
    if (!strstr(error, why))
        fail_msg("%s: %s", text, error);
    assert_null(strchr(error, '\n'));
    free(line.text);
}

static void args_have_modest_defaults(void **state)
{
    struct send_args args;
    char error[SEND_ARGS_ERROR_MAX];
    struct line line = line_of("send user.created");
    (void)state;
    assert_int_equal(send_args_parse(line.argc, line.argv, &args, error), STATUS_OK);
    assert_int_equal(args.count, 1);
    assert_null(args.url);
    assert_false(args.all || args.list || args.help);
    assert_false(args.shuffle || args.bad_signature || args.poison || args.retry);
    assert_int_equal(args.rate + args.concurrency + args.duplicate_percent + args.skew_s, 0);
    assert_null(args.ids_out);
    assert_int_equal(args.override_count, 0);
    assert_int_equal(args.target_count, 1);
    assert_string_equal(args.targets[0], "user.created");
    send_args_release(&args);
    free(line.text);
}

static void args_come_in_any_order(void **state)
{
    static const char *const texts[] = {
        "send --url http://x/ --count 3 --override a=1 --override b.c=x user.* -",
        "send user.* --override a=1 --url http://x/ - --override b.c=x --count 3",
        "send --override=a=1 --override=b.c=x --url=http://x/ --count=3 -- user.* -",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct send_args args;
        char error[SEND_ARGS_ERROR_MAX];
        struct line line = line_of(texts[i]);
        assert_int_equal(send_args_parse(line.argc, line.argv, &args, error), STATUS_OK);
        assert_string_equal(args.url, "http://x/");
        assert_int_equal(args.count, 3);
        assert_int_equal(args.override_count, 2);
        assert_true(slice_equals(args.overrides[1].path, SLICE("b.c")));
        assert_string_equal(buf_text(&args.overrides[1].value), "\"x\"");
        assert_int_equal(args.target_count, 2);
        assert_string_equal(args.targets[0], "user.*");
        assert_string_equal(args.targets[1], "-");
        send_args_release(&args);
        free(line.text);
    }
}

static void args_describe_a_load(void **state)
{
    struct send_args args;
    char error[SEND_ARGS_ERROR_MAX];
    struct line line = line_of("send x --rate 500 --concurrency 8 --duplicate 10% --skew -600 "
                               "--shuffle --bad-signature --poison --retry --ids-out ids.txt");
    (void)state;
    assert_int_equal(send_args_parse(line.argc, line.argv, &args, error), STATUS_OK);
    assert_int_equal(args.rate, 500);
    assert_int_equal(args.concurrency, 8);
    assert_int_equal(args.duplicate_percent, 10);
    assert_int_equal(args.skew_s, -600);
    assert_true(args.shuffle && args.bad_signature && args.poison && args.retry);
    assert_string_equal(args.ids_out, "ids.txt");
    send_args_release(&args);
    free(line.text);
}

static void args_need_no_target_for_help_list_and_all(void **state)
{
    static const char *const texts[] = { "send --help", "send --list", "send --all" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct send_args args;
        char error[SEND_ARGS_ERROR_MAX];
        struct line line = line_of(texts[i]);
        assert_int_equal(send_args_parse(line.argc, line.argv, &args, error), STATUS_OK);
        assert_int_equal(args.help + args.list + args.all, 1);
        send_args_release(&args);
        free(line.text);
    }
}

static void args_that_are_wrong_are_named(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "send", "usage: clerk-ingest send" },
        { "send --count 3", "usage: clerk-ingest send" },
        { "send --all user.created", "--all takes no TYPE or FILE: user.created" },
        { "send --nonsense x", "unknown option, see --help: --nonsense" },
        { "send x --url", "this option needs a value: --url" },
        { "send --rate 0 x", "--rate needs a number from 1 to 1000000: 0" },
        { "send --rate 1.5 x", "--rate needs" },
        { "send --concurrency 1001 x", "--concurrency needs a number from 1 to 1000: 1001" },
        { "send --duplicate 101% x", "--duplicate needs a number from 0 to 100: 101%" },
        { "send --duplicate % x", "--duplicate needs" },
        { "send --duplicate 10%% x", "--duplicate needs" },
        { "send --skew soon x", "--skew needs" },
        { "send --skew 10% x", "--skew needs" },
        { "send x --ids-out", "this option needs a value: --ids-out" },
        { "send --retry=5 x", "unknown option, see --help: --retry=5" },
        { "send --count 0 x", "--count needs a number from 1 to 100000000: 0" },
        { "send --count 100000001 x", "--count needs" },
        { "send --count 1x x", "--count needs" },
        { "send --count -1 x", "--count needs" },
        { "send --override a x", "not of the form PATH=VALUE: a" },
        { "send --override a=1 --override =b x", "not of the form PATH=VALUE: =b" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(rows[i].text, rows[i].why);
}

static void args_hold_a_bounded_number_of_overrides(void **state)
{
    struct buf text = buf_make(4096);
    struct send_args args;
    char error[SEND_ARGS_ERROR_MAX];
    (void)state;
    buf_append(&text, SLICE("send x"));
    for (size_t i = 0; i < SEND_OVERRIDES_MAX; i++)
        buf_append(&text, SLICE(" --override a=1"));
    struct line line = line_of(buf_text(&text));
    assert_int_equal(send_args_parse(line.argc, line.argv, &args, error), STATUS_OK);
    send_args_release(&args);
    free(line.text);
    buf_append(&text, SLICE(" --override a=1"));
    refused(buf_text(&text), "too many overrides");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(args_have_modest_defaults),
        cmocka_unit_test(args_come_in_any_order),
        cmocka_unit_test(args_describe_a_load),
        cmocka_unit_test(args_need_no_target_for_help_list_and_all),
        cmocka_unit_test(args_that_are_wrong_are_named),
        cmocka_unit_test(args_hold_a_bounded_number_of_overrides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
