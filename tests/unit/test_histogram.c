#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/histogram.h"

enum { WAIT, SIZE, COUNT };

static const struct histogram_info rows[COUNT] = {
    [WAIT] = { "clerk_wait_seconds", "How long.", { 500, 1000, 2500000 }, 1000000 },
    [SIZE] = { "clerk_size",
               "How many.",
               { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
               1 },
};

struct fixture {
    struct histogram_cells cells[COUNT];
    struct histograms h;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof f);
    f.h = (struct histograms){ rows, f.cells, COUNT };
    f.out = buf_make(64 * 1024);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_release(&f->out);
    return 0;
}

static void assert_holds(const struct fixture *f, const char *line)
{
    if (!strstr(buf_text(&f->out), line))
        fail_msg("no \"%s\" in:\n%s", line, buf_text(&f->out));
}

static void histogram_that_saw_nothing_has_all_its_buckets(void **state)
{
    struct fixture *f = *state;
    histograms_render(&(struct histograms){ rows, f->cells, 1 }, &f->out);
    assert_string_equal(buf_text(&f->out), "# HELP clerk_wait_seconds How long.\n"
                                           "# TYPE clerk_wait_seconds histogram\n"
                                           "clerk_wait_seconds_bucket{le=\"0.0005\"} 0\n"
                                           "clerk_wait_seconds_bucket{le=\"0.001\"} 0\n"
                                           "clerk_wait_seconds_bucket{le=\"2.5\"} 0\n"
                                           "clerk_wait_seconds_bucket{le=\"+Inf\"} 0\n"
                                           "clerk_wait_seconds_sum 0\n"
                                           "clerk_wait_seconds_count 0\n");
}

static void histogram_buckets_are_inclusive_and_cumulative(void **state)
{
    struct fixture *f = *state;
    static const int64_t seen[] = { 0, 500, 501, 1000, 1001, 2500000, 2500001, INT32_MAX };
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++)
        histograms_observe(&f->h, WAIT, seen[i]);
    histograms_render(&f->h, &f->out);
    assert_holds(f, "clerk_wait_seconds_bucket{le=\"0.0005\"} 2\n");
    assert_holds(f, "clerk_wait_seconds_bucket{le=\"0.001\"} 4\n");
    assert_holds(f, "clerk_wait_seconds_bucket{le=\"2.5\"} 6\n");
    assert_holds(f, "clerk_wait_seconds_bucket{le=\"+Inf\"} 8\n");
    assert_holds(f, "clerk_wait_seconds_count 8\n");
}

static void histogram_sums_in_the_printed_unit(void **state)
{
    struct fixture *f = *state;
    histograms_observe(&f->h, WAIT, 1500000);
    histograms_observe(&f->h, WAIT, 1);
    histograms_render(&f->h, &f->out);
    assert_holds(f, "clerk_wait_seconds_sum 1.500001\n");
}

static void histogram_takes_a_negative_value_for_zero(void **state)
{
    struct fixture *f = *state;
    histograms_observe(&f->h, WAIT, -5);
    histograms_render(&f->h, &f->out);
    assert_holds(f, "clerk_wait_seconds_bucket{le=\"0.0005\"} 1\n");
    assert_holds(f, "clerk_wait_seconds_sum 0\n");
}

static void histogram_with_every_bound_used_still_has_infinity(void **state)
{
    struct fixture *f = *state;
    histograms_observe(&f->h, SIZE, 16);
    histograms_observe(&f->h, SIZE, 17);
    histograms_render(&f->h, &f->out);
    assert_holds(f, "clerk_size_bucket{le=\"16\"} 1\n");
    assert_holds(f, "clerk_size_bucket{le=\"+Inf\"} 2\n");
    assert_int_equal(histograms_count(&f->h, SIZE), 2);
}

static void histograms_do_not_mix(void **state)
{
    struct fixture *f = *state;
    histograms_observe(&f->h, SIZE, 3);
    assert_int_equal(histograms_count(&f->h, WAIT), 0);
    assert_int_equal(histograms_count(&f->h, SIZE), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(histogram_that_saw_nothing_has_all_its_buckets, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(histogram_buckets_are_inclusive_and_cumulative, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(histogram_sums_in_the_printed_unit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(histogram_takes_a_negative_value_for_zero, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(histogram_with_every_bound_used_still_has_infinity, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(histograms_do_not_mix, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
