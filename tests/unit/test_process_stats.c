#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <time.h>
#include <unistd.h>

#include "common/process_stats.h"

/* Fields 1 to 24 of proc(5), and what follows them. */
#define LINE(name)                                                                                 \
    "42 (" name ") S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 200 8192000 300 "          \
    "18446744073709551615 1 1 0"

static void stats_come_from_the_right_fields(void **state)
{
    struct process_stats s;
    (void)state;
    assert_int_equal(process_stats_parse(SLICE(LINE("clerk")), 4096, 100, 1000, &s), STATUS_OK);
    assert_int_equal(s.cpu_ms, 2000);
    assert_int_equal(s.start_ms, 1002000);
    assert_int_equal(s.virtual_bytes, 8192000);
    assert_int_equal(s.resident_bytes, 300 * 4096);
}

static void stats_do_not_stumble_over_a_hostile_name(void **state)
{
    struct process_stats s;
    (void)state;
    assert_int_equal(process_stats_parse(SLICE(LINE(") S 9 9) (x")), 4096, 100, 1000, &s),
                     STATUS_OK);
    assert_int_equal(s.resident_bytes, 300 * 4096);
}

static void stats_without_a_boot_time_have_no_start(void **state)
{
    struct process_stats s;
    (void)state;
    assert_int_equal(process_stats_parse(SLICE(LINE("clerk")), 4096, 100, 0, &s), STATUS_OK);
    assert_int_equal(s.start_ms, 0);
}

static void stats_of_a_short_line_are_refused(void **state)
{
    static const char *const lines[] = { "", "42", "42 (clerk)", "42 (clerk) S 1 2 3 4 5" };
    struct process_stats s;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(process_stats_parse(slice_of(lines[i]), 4096, 100, 1, &s), STATUS_INVALID);
}

static void stats_of_this_process_are_plausible(void **state)
{
    struct process_stats before, after;
    int fds[2];
    (void)state;
    assert_int_equal(process_stats_read(&before), STATUS_OK);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(process_stats_read(&after), STATUS_OK);
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(after.open_fds, before.open_fds + 2);
    assert_true(after.max_fds >= after.open_fds);
    assert_true(before.resident_bytes > 100 * 1024 && before.virtual_bytes > before.resident_bytes);
    assert_true(before.start_ms / 1000 <= (int64_t)time(NULL) + 2);
    assert_true(before.start_ms / 1000 >= (int64_t)time(NULL) - 600);
}

static void stats_are_rendered_under_the_usual_names(void **state)
{
    static const char *const names[] = {
        "\nprocess_resident_memory_bytes ",
        "\nprocess_virtual_memory_bytes ",
        "\nprocess_cpu_seconds_total ",
        "\nprocess_open_fds ",
        "\nprocess_max_fds ",
        "\nprocess_start_time_seconds ",
    };
    struct buf out = buf_make(64 * 1024);
    (void)state;
    process_stats_render(&out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_non_null(strstr(buf_text(&out), names[i]));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stats_come_from_the_right_fields),
        cmocka_unit_test(stats_do_not_stumble_over_a_hostile_name),
        cmocka_unit_test(stats_without_a_boot_time_have_no_start),
        cmocka_unit_test(stats_of_a_short_line_are_refused),
        cmocka_unit_test(stats_of_this_process_are_plausible),
        cmocka_unit_test(stats_are_rendered_under_the_usual_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
