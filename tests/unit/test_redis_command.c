#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/redis_command.h"

static void assert_written(const struct buf *out, struct slice expected)
{
    assert_int_equal(buf_status(out), STATUS_OK);
    assert_int_equal(out->len, expected.len);
    assert_memory_equal(out->ptr, expected.ptr, expected.len);
}

static void a_command_is_an_array_of_texts_with_their_lengths(void **state)
{
    const struct slice args[] = { SLICE("XADD"), SLICE("clerk:events"), SLICE("*") };
    struct buf out = buf_make(1000);

    (void)state;
    assert_int_equal(redis_command_write(&out, args, 3), 17);
    assert_written(&out, SLICE("*3\r\n$4\r\nXADD\r\n$12\r\nclerk:events\r\n$1\r\n*\r\n"));
    buf_release(&out);
}

static void texts_may_be_empty_or_hold_any_byte(void **state)
{
    const struct slice args[] = { SLICE("a\0\r\nb"), { NULL, 0 } };
    struct buf out = buf_make(1000);

    (void)state;
    assert_int_equal(redis_command_write(&out, args, 2), 5);
    assert_written(&out, SLICE("*2\r\n$5\r\na\0\r\nb\r\n$0\r\n\r\n"));
    buf_release(&out);
}

static void lengths_of_many_digits_are_written_whole(void **state)
{
    static char text[100200];
    const struct slice args[] = { { text, sizeof(text) } };
    struct buf out = buf_make(200000);

    (void)state;
    assert_int_equal(redis_command_write(&out, args, 1), sizeof(text));
    assert_int_equal(out.len, 4 + 9 + sizeof(text) + 2);
    assert_memory_equal(out.ptr, "*1\r\n$100200\r\n\0", 14);
    buf_release(&out);
}

static void commands_follow_each_other_in_one_buffer(void **state)
{
    const struct slice args[] = { SLICE("PING") };
    struct buf out = buf_make(1000);

    (void)state;
    (void)redis_command_write(&out, args, 1);
    (void)redis_command_write(&out, args, 1);
    assert_written(&out, SLICE("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"));
    buf_release(&out);
}

static void what_does_not_fit_shows_in_the_status(void **state)
{
    const struct slice args[] = { SLICE("PING") };
    struct buf out = buf_make(10);

    (void)state;
    (void)redis_command_write(&out, args, 1);
    assert_int_equal(buf_status(&out), STATUS_TOO_BIG);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_an_array_of_texts_with_their_lengths),
        cmocka_unit_test(texts_may_be_empty_or_hold_any_byte),
        cmocka_unit_test(lengths_of_many_digits_are_written_whole),
        cmocka_unit_test(commands_follow_each_other_in_one_buffer),
        cmocka_unit_test(what_does_not_fit_shows_in_the_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
