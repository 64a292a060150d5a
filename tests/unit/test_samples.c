#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/samples.h"

enum { TEXT_MAX = 1 << 20 };

static struct sample at(int64_t time_ms)
{
    return (struct sample){ .time_ms = time_ms, .backlog = 3, .in_per_10_s = 25 };
}

static char *shown(const struct samples *samples, int64_t after_ms)
{
    struct buf text = buf_make(TEXT_MAX);
    samples_json_append(samples, after_ms, &text);
    assert_int_equal(STATUS_OK, buf_status(&text));
    return buf_take(&text);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

static int new_ring(void **state)
{
    *state = calloc(1, sizeof(struct samples));
    return *state ? 0 : -1;
}

static int free_ring(void **state)
{
    free(*state);
    return 0;
}

static void an_empty_ring_names_its_fields(void **state)
{
    char *text = shown(*state, 0);
    assert_non_null(strstr(text, "{\"fields\":[\"time_ms\",\"backlog\","));
    assert_non_null(strstr(text, "\"samples\":[]}"));
    free(text);
}

static void a_rate_is_shown_a_second_with_its_tenth(void **state)
{
    const struct sample sample = at(1000);
    samples_add(*state, &sample);
    char *text = shown(*state, 0);
    assert_non_null(strstr(text, "[[1000,3,0,0,2.5,0,0,0,0]]"));
    free(text);
}

static void what_is_not_known_is_null(void **state)
{
    struct sample sample = at(1000);
    sample.backlog = SAMPLE_UNKNOWN;
    sample.in_per_10_s = SAMPLE_UNKNOWN;
    samples_add(*state, &sample);
    char *text = shown(*state, 0);
    assert_non_null(strstr(text, "[[1000,null,0,0,null,"));
    free(text);
}

static void only_samples_after_the_time_asked_for_are_shown(void **state)
{
    for (int64_t i = 1; i <= 5; i++) {
        const struct sample sample = at(i * 1000);
        samples_add(*state, &sample);
    }
    char *text = shown(*state, 3000);
    assert_non_null(strstr(text, "\"samples\":[[4000,"));
    assert_int_equal(3, count(text, "[") - 1); /* the list, and two in it */
    free(text);
}

static void a_full_ring_loses_the_oldest_and_keeps_the_order(void **state)
{
    for (int64_t i = 1; i <= SAMPLES_MAX + 2; i++) {
        const struct sample sample = at(i);
        samples_add(*state, &sample);
    }
    char *text = shown(*state, 0);
    assert_non_null(strstr(text, "\"samples\":[[3,"));
    assert_non_null(strstr(text, "],[3601,3,0,0,2.5,0,0,0,0],[3602,3,0,0,2.5,0,0,0,0]]}"));
    assert_int_equal(SAMPLES_MAX + 2, count(text, "["));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_ring_names_its_fields, new_ring, free_ring),
        cmocka_unit_test_setup_teardown(a_rate_is_shown_a_second_with_its_tenth, new_ring,
                                        free_ring),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_null, new_ring, free_ring),
        cmocka_unit_test_setup_teardown(only_samples_after_the_time_asked_for_are_shown, new_ring,
                                        free_ring),
        cmocka_unit_test_setup_teardown(a_full_ring_loses_the_oldest_and_keeps_the_order, new_ring,
                                        free_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
