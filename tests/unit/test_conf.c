#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "common/slice.h"
#include "tests/unit/conf_fixture.h"

static void assert_refused(const char *message)
{
    struct settings s = { 0 };
    char error[CONF_ERROR_MAX] = "";

    assert_int_equal(conf_load(keys, KEY_COUNT, lookup, &s, error), STATUS_INVALID);
    assert_string_equal(error, message);
    conf_release(keys, KEY_COUNT, &s);
}

/* Sets variable to the path of a new file with this content; drop_file() the path. */
static char *set_file(const char *variable, struct slice content)
{
    static char text[80];
    char *path = slice_dup(SLICE("/tmp/clerk-conf-XXXXXX"));
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.ptr, content.len), (ssize_t)content.len);
    close(fd);
    (void)snprintf(text, sizeof(text), "%s=%s", variable, path);
    set(text, NULL, NULL);
    return path;
}

static void drop_file(char *path)
{
    (void)unlink(path);
    free(path);
}

static void conf_takes_defaults_where_nothing_is_set(void **state)
{
    struct settings s;

    (void)state;
    set("SECRET=s", NULL, NULL);
    s = load_ok();
    assert_string_equal(s.name, "nobody");
    assert_string_equal(s.secret, "s");
    assert_string_equal(s.url, "redis://h/0");
    assert_string_equal(s.listen, "0.0.0.0:1");
    assert_int_equal(s.tolerance_s, 300);
    assert_int_equal(s.body_limit, 1 << 20);
    assert_int_equal(s.mode, 0);
    conf_release(keys, KEY_COUNT, &s);
}

static void conf_takes_empty_as_unset(void **state)
{
    struct settings s;

    (void)state;
    set("SECRET=s", "NAME=", "TOLERANCE_S=");
    s = load_ok();
    assert_string_equal(s.name, "nobody");
    assert_int_equal(s.tolerance_s, 300);
    conf_release(keys, KEY_COUNT, &s);
}

static void conf_takes_empty_as_off_where_the_flag_says_so(void **state)
{
    struct settings s;

    (void)state;
    set("SECRET=s", "LISTEN=", NULL);
    s = load_ok();
    assert_string_equal(s.listen, "");
    conf_release(keys, KEY_COUNT, &s);
}

static void conf_reads_numbers_sizes_and_choices(void **state)
{
    static const struct {
        const char *variable;
        int64_t tolerance_s, body_limit, mode;
    } rows[] = {
        { "TOLERANCE_S=0", 0, 1 << 20, 0 },        { "TOLERANCE_S=86400", 86400, 1 << 20, 0 },
        { "BODY_LIMIT=1024", 300, 1024, 0 },       { "BODY_LIMIT=1KiB", 300, 1024, 0 },
        { "BODY_LIMIT=16 MiB", 300, 16 << 20, 0 }, { "MODE=soft", 300, 1 << 20, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct settings s;
        set("SECRET=s", rows[i].variable, NULL);
        s = load_ok();
        assert_int_equal(s.tolerance_s, rows[i].tolerance_s);
        assert_int_equal(s.body_limit, rows[i].body_limit);
        assert_int_equal(s.mode, rows[i].mode);
        conf_release(keys, KEY_COUNT, &s);
    }
}

static void conf_names_the_variable_and_the_fault(void **state)
{
    static const struct {
        const char *variable, *message;
    } rows[] = {
        { "TOLERANCE_S=abc", "TOLERANCE_S: \"abc\" is not a whole number between 0 and 86400" },
        { "TOLERANCE_S=-1", "TOLERANCE_S: \"-1\" is not a whole number between 0 and 86400" },
        { "TOLERANCE_S=86401", "TOLERANCE_S: \"86401\" is not a whole number between 0 and 86400" },
        { "TOLERANCE_S=a\nb\x80",
          "TOLERANCE_S: \"a?b?\" is not a whole number between 0 and 86400" },
        { "TOLERANCE_S=0123456789012345678901234567890123456789X",
          "TOLERANCE_S: \"0123456789012345678901234567890123456789...\" is not a whole number "
          "between 0 and 86400" },
        { "BODY_LIMIT=1GiB", "BODY_LIMIT: \"1GiB\" is not a size between 1024 and 16777216 bytes "
                             "(KiB or MiB may follow)" },
        { "BODY_LIMIT=17MiB", "BODY_LIMIT: \"17MiB\" is not a size between 1024 and 16777216 bytes "
                              "(KiB or MiB may follow)" },
        { "BODY_LIMIT=9223372036854775807KiB",
          "BODY_LIMIT: \"9223372036854775807KiB\" is not a size between 1024 and 16777216 bytes "
          "(KiB or MiB may follow)" },
        { "BODY_LIMIT=KiB", "BODY_LIMIT: \"KiB\" is not a size between 1024 and 16777216 bytes "
                            "(KiB or MiB may follow)" },
        { "MODE=Hard", "MODE: \"Hard\" is not one of hard, soft" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set("SECRET=s", rows[i].variable, NULL);
        assert_refused(rows[i].message);
    }
}

static void conf_demands_what_has_no_default(void **state)
{
    (void)state;
    set(NULL, NULL, NULL);
    assert_refused("SECRET is required (or SECRET_FILE): the signing secret");
}

static void conf_reads_the_alias_only_when_the_name_is_unset(void **state)
{
    struct settings s;

    (void)state;
    set("OLD_SECRET=old", NULL, NULL);
    s = load_ok();
    assert_string_equal(s.secret, "old");
    conf_release(keys, KEY_COUNT, &s);
    set("OLD_SECRET=old", "SECRET=new", NULL);
    s = load_ok();
    assert_string_equal(s.secret, "new");
    conf_release(keys, KEY_COUNT, &s);
}

static void conf_reads_files_without_their_trailing_newline(void **state)
{
    static const struct {
        struct slice content;
        const char *value;
    } rows[] = {
        { { "value", 5 }, "value" },
        { { "value\n", 6 }, "value" },
        { { "value\r\n", 7 }, "value" },
        { { "two\nlines\n", 10 }, "two\nlines" },
    };
    static const char *const variables[] = { "SECRET_FILE", "OLD_SECRET_FILE" };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = set_file(variables[i % 2], rows[i / 2].content);
        struct settings s = load_ok();
        assert_string_equal(s.secret, rows[i / 2].value);
        conf_release(keys, KEY_COUNT, &s);
        drop_file(path);
    }
}

static void conf_refuses_a_name_and_its_file_together(void **state)
{
    (void)state;
    set("SECRET=hunter2", "SECRET_FILE=/dev/null", NULL);
    assert_refused("SECRET and SECRET_FILE are both set; keep one");
    set("OLD_SECRET=hunter2", "OLD_SECRET_FILE=/dev/null", NULL);
    assert_refused("OLD_SECRET and OLD_SECRET_FILE are both set; keep one");
    set("SECRET=s", "TOLERANCE_S_FILE=/dev/null", "TOLERANCE_S=1");
    assert_refused("TOLERANCE_S and TOLERANCE_S_FILE are both set; keep one");
}

static void conf_refuses_files_that_cannot_be_the_value(void **state)
{
    static char big[64 * 1024 + 1];
    const struct {
        struct slice content;
        const char *message;
    } rows[] = {
        { { "", 0 }, "SECRET_FILE: the file is empty" },
        { { "\n", 1 }, "SECRET_FILE: the file is empty" },
        { { "a\0b", 3 }, "SECRET_FILE: the file is not text" },
        { { big, sizeof(big) }, "SECRET_FILE: the file is longer than 64 KiB" },
    };

    (void)state;
    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = set_file("SECRET_FILE", rows[i].content);
        assert_refused(rows[i].message);
        drop_file(path);
    }
}

static void conf_says_why_a_file_cannot_be_read_but_not_its_name(void **state)
{
    (void)state;
    set("SECRET_FILE=/nowhere/whsec_hunter2", NULL, NULL);
    assert_refused("SECRET_FILE: cannot read the file: No such file or directory");
    set("SECRET_FILE=/", NULL, NULL);
    assert_refused("SECRET_FILE: cannot read the file: Is a directory");
}

static void conf_does_not_show_the_content_of_a_wrong_file(void **state)
{
    char *path = set_file("TOLERANCE_S_FILE", SLICE("hunter2"));

    (void)state;
    set(environment[0], "SECRET=s", NULL);
    assert_refused("TOLERANCE_S_FILE: the content is not a whole number between 0 and 86400");
    drop_file(path);
}

static void conf_release_is_fine_half_filled_and_twice(void **state)
{
    struct settings s = { 0 };
    char error[CONF_ERROR_MAX];

    (void)state;
    set("SECRET=s", "MODE=x", NULL);
    assert_int_equal(conf_load(keys, KEY_COUNT, lookup, &s, error), STATUS_INVALID);
    assert_non_null(s.secret);
    conf_release(keys, KEY_COUNT, &s);
    assert_null(s.secret);
    conf_release(keys, KEY_COUNT, &s);
}

static void conf_reload_reads_one_text_again(void **state)
{
    char error[CONF_ERROR_MAX] = "";
    char *text = NULL;

    (void)state;
    set("SECRET=new", NULL, NULL);
    assert_int_equal(conf_reload_text(&keys[KEY], lookup, &text, error), STATUS_OK);
    assert_string_equal(text, "new");
    free(text);
    text = NULL;
    set(NULL, NULL, NULL);
    assert_int_equal(conf_reload_text(&keys[KEY], lookup, &text, error), STATUS_INVALID);
    assert_null(text);
}

static void conf_wipe_zeroes_every_byte(void **state)
{
    char bytes[4] = { 1, 2, 3, 4 };

    (void)state;
    conf_wipe(NULL, 0);
    conf_wipe(bytes, 3);
    assert_int_equal(bytes[0] | bytes[1] | bytes[2], 0);
    assert_int_equal(bytes[3], 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_takes_defaults_where_nothing_is_set),
        cmocka_unit_test(conf_takes_empty_as_unset),
        cmocka_unit_test(conf_takes_empty_as_off_where_the_flag_says_so),
        cmocka_unit_test(conf_reads_numbers_sizes_and_choices),
        cmocka_unit_test(conf_names_the_variable_and_the_fault),
        cmocka_unit_test(conf_demands_what_has_no_default),
        cmocka_unit_test(conf_reads_the_alias_only_when_the_name_is_unset),
        cmocka_unit_test(conf_reads_files_without_their_trailing_newline),
        cmocka_unit_test(conf_refuses_a_name_and_its_file_together),
        cmocka_unit_test(conf_refuses_files_that_cannot_be_the_value),
        cmocka_unit_test(conf_says_why_a_file_cannot_be_read_but_not_its_name),
        cmocka_unit_test(conf_does_not_show_the_content_of_a_wrong_file),
        cmocka_unit_test(conf_release_is_fine_half_filled_and_twice),
        cmocka_unit_test(conf_reload_reads_one_text_again),
        cmocka_unit_test(conf_wipe_zeroes_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
