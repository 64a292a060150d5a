#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/trouble.h"

/* A clock on which every look takes a second, so that no wait is real. */
static int64_t fake_now_ms;

static int64_t fake_ms(void)
{
    return fake_now_ms += 1000;
}

static const struct clock fake_clock = { fake_ms, fake_ms };
static volatile sig_atomic_t stop;

static struct trouble make(void)
{
    return trouble_make("database", WORKER_DB_UP, WORKER_DB_ERRORS, &fake_clock, &stop);
}

static void the_gauge_falls_with_the_first_failure_and_rises_with_success(void **state)
{
    (void)state;
    struct trouble t = make();
    trouble_over(&t);
    assert_int_equal(1, counters_get(worker_counters(), WORKER_DB_UP));
    trouble_wait(&t, "locked");
    assert_int_equal(0, counters_get(worker_counters(), WORKER_DB_UP));
    assert_true(t.is_down);
    trouble_over(&t);
    assert_int_equal(1, counters_get(worker_counters(), WORKER_DB_UP));
    assert_false(t.is_down);
}

static void a_note_says_the_same_and_does_not_wait(void **state)
{
    (void)state;
    struct trouble t = make();
    trouble_over(&t);
    int64_t before_ms = fake_now_ms;
    trouble_note(&t, "gone");
    assert_int_equal(0, counters_get(worker_counters(), WORKER_DB_UP));
    assert_true(t.is_down && fake_now_ms - before_ms <= 1000); /* one look: since when */
    trouble_over(&t);
    assert_false(t.is_down);
}

static void every_failure_is_counted(void **state)
{
    (void)state;
    struct trouble t = make();
    int64_t before = counters_get(worker_counters(), WORKER_DB_ERRORS);
    for (int i = 0; i < 3; i++)
        trouble_wait(&t, "locked");
    assert_int_equal(before + 3, counters_get(worker_counters(), WORKER_DB_ERRORS));
}

static void a_stop_ends_the_wait_at_once(void **state)
{
    (void)state;
    struct trouble t = make();
    stop = 1;
    int64_t before_ms = fake_now_ms;
    trouble_wait(&t, "locked");
    assert_true(fake_now_ms - before_ms <=
                3000); /* two looks at most: when it began, and for the deadline */
    stop = 0;
}

static void each_reason_of_an_outage_is_told_once_and_four_at_most(void **state)
{
    static const char *const whys[] = { "lost",    "refused", "lost",  "wrong certificate",
                                        "refused", "loading", "frozen" };
    (void)state;
    struct trouble t = make();
    for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
        trouble_note(&t, whys[i]);
    assert_int_equal(REASONS_MAX, t.told.count);
    assert_string_equal("lost", t.told.texts[0]);
    assert_string_equal("refused", t.told.texts[1]);
    assert_string_equal("wrong certificate", t.told.texts[2]);
    assert_string_equal("loading", t.told.texts[3]);
    trouble_over(&t);
    assert_int_equal(0, t.told.count);
}

static void an_outage_is_no_reason_to_be_taken_for_dead(void **state)
{
    (void)state;
    struct trouble t = make();
    struct notify n = { .name = "/nowhere", .watchdog_ms = 4000 };
    t.notify = &n;
    trouble_wait(&t, "locked");
    int64_t first_ms = n.next_ms;
    assert_true(first_ms > 0);
    trouble_wait(&t, "locked");
    assert_true(n.next_ms > first_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gauge_falls_with_the_first_failure_and_rises_with_success),
        cmocka_unit_test(a_note_says_the_same_and_does_not_wait),
        cmocka_unit_test(every_failure_is_counted),
        cmocka_unit_test(a_stop_ends_the_wait_at_once),
        cmocka_unit_test(each_reason_of_an_outage_is_told_once_and_four_at_most),
        cmocka_unit_test(an_outage_is_no_reason_to_be_taken_for_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
