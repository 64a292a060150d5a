/* Finding objects in the answers of Clerk's Backend API, cut into pieces anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/import_reader.h"

enum { FOUND_MAX_BYTES = 4096 };

/* The objects that were found, each followed by ';'. */
struct found {
    struct buf text;
    enum status answer; /* what the callback gives back */
};

static enum status note(void *arg, struct slice object)
{
    struct found *found = arg;
    buf_append(&found->text, object);
    buf_append_char(&found->text, ';');
    return found->answer;
}

/* Feeds text in pieces of step bytes, then ends it; ret_why gets the reader's. */
static enum status read_text(const char *text, size_t step, struct found *found,
                             const char **ret_why)
{
    struct import_reader reader = import_reader_make(note, found);
    struct slice rest = slice_of(text);
    enum status st = STATUS_OK;
    while (st == STATUS_OK && rest.len > 0) {
        size_t len = rest.len < step ? rest.len : step;
        char *piece = malloc(len); /* so that a read past its end is found */
        assert_non_null(piece);
        memcpy(piece, rest.ptr, len);
        st = import_reader_feed(&reader, (struct slice){ piece, len });
        free(piece);
        rest.ptr += len;
        rest.len -= len;
    }
    if (st == STATUS_OK)
        st = import_reader_end(&reader);
    *ret_why = reader.why;
    import_reader_release(&reader);
    return st;
}

static void objects_are_found_in_every_shape_however_it_is_cut(void **state)
{
    static const struct {
        const char *text, *found;
    } rows[] = {
        { "", "" },
        { " \n", "" },
        { "[]", "" },
        { "[{\"id\":1},{\"id\":2}]", "{\"id\":1};{\"id\":2};" },
        { "{\"id\":1}\n{\"id\":2}\n", "{\"id\":1};{\"id\":2};" },
        { "{\"data\":[{\"id\":1},{\"id\":2}],\"total_count\":2}", "{\"id\":1};{\"id\":2};" },
        { "{\"data\":[],\"total_count\":0}", "" },
        { "{\"data\":[{\"id\":1}]}[{\"id\":2}] {\"id\":3}", "{\"id\":1};{\"id\":2};{\"id\":3};" },
        { "[{\"data\":[{\"id\":1}]},{\"data\":[{\"id\":2}]}]", "{\"id\":1};{\"id\":2};" },
        { "{\"id\":\"a\",\"data\":[1]}", "{\"id\":\"a\",\"data\":[1]};" },
        { "{\"x\":\"}]\\\"{\\\\\"}", "{\"x\":\"}]\\\"{\\\\\"};" },
        { "{\"a\":{\"b\":[{}]}}", "{\"a\":{\"b\":[{}]}};" },
        { "{\"data\":[5,\"x\"]}", "5;\"x\";" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
            struct found found = { .text = buf_make(FOUND_MAX_BYTES) };
            const char *why;
            assert_int_equal(STATUS_OK, read_text(rows[i].text, step, &found, &why));
            assert_string_equal(rows[i].found, buf_text(&found.text));
            buf_release(&found.text);
        }
    }
}

static void what_is_no_answer_is_named(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        { "[{\"id\":1}", "ends in the middle" },
        { "{\"id\":1", "ends in the middle" },
        { "{\"id\":\"}", "ends in the middle" },
        { "[[{\"id\":1}]]", "neither an object nor a list" },
        { "{\"id\":1},{\"id\":2}", "neither an object nor a list" },
        { "]", "neither an object nor a list" },
        { "null", "neither an object nor a list" },
        { "{\"id\" 1}", "malformed JSON" },
        { "{\"id\":[}]", "malformed JSON" },
        { "{\"errors\":[{\"code\":\"authentication_invalid\"}]}", "an error that Clerk's API" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct found found = { .text = buf_make(FOUND_MAX_BYTES) };
        const char *why;
        assert_int_equal(STATUS_INVALID, read_text(rows[i].text, 3, &found, &why));
        if (!strstr(why, rows[i].why))
            fail_msg("%s: %s", rows[i].text, why);
        buf_release(&found.text);
    }
}

static void the_callback_can_end_the_reading(void **state)
{
    struct found found = { .text = buf_make(FOUND_MAX_BYTES), .answer = STATUS_UNAVAILABLE };
    const char *why;
    (void)state;
    assert_int_equal(STATUS_UNAVAILABLE, read_text("[{\"id\":1},{\"id\":2}]", 64, &found, &why));
    assert_string_equal("{\"id\":1};", buf_text(&found.text));
    buf_release(&found.text);
}

static void a_value_without_end_is_refused_before_memory_runs_out(void **state)
{
    struct found found = { .text = buf_make(FOUND_MAX_BYTES) };
    struct import_reader reader = import_reader_make(note, &found);
    char piece[1 << 16];
    enum status st = import_reader_feed(&reader, SLICE("{\"id\":\""));
    (void)state;
    memset(piece, 'a', sizeof piece);
    for (int i = 0; st == STATUS_OK && i < 1200; i++)
        st = import_reader_feed(&reader, (struct slice){ piece, sizeof piece });
    if (st == STATUS_OK)
        st = import_reader_feed(&reader, SLICE("\"}"));
    assert_int_equal(STATUS_TOO_BIG, st);
    assert_non_null(strstr(reader.why, "smaller pages"));
    import_reader_release(&reader);
    buf_release(&found.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_found_in_every_shape_however_it_is_cut),
        cmocka_unit_test(what_is_no_answer_is_named),
        cmocka_unit_test(the_callback_can_end_the_reading),
        cmocka_unit_test(a_value_without_end_is_refused_before_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
