#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/send_source.h"

enum { ITEMS = 3, ROUNDS = 50, TURNS = ITEMS * ROUNDS };

static int64_t standing_still(void)
{
    return 5000;
}

static const struct clock stopped = { standing_still, standing_still };
static struct send_item three[ITEMS];
static const struct send_items items = { three, ITEMS };

static size_t take_all(bool shuffle, uint64_t seed, struct send_turn turns[TURNS])
{
    struct send_source *source = NULL;
    struct send_turn extra;
    size_t count = 0;
    assert_int_equal(send_source_new(&items, ROUNDS, shuffle, seed, &stopped, &source), STATUS_OK);
    while (count < TURNS && send_source_next(source, &turns[count]))
        count++;
    assert_false(send_source_next(source, &extra));
    send_source_free(source);
    return count;
}

static void source_goes_round_by_round(void **state)
{
    static struct send_turn turns[TURNS];
    (void)state;
    assert_int_equal(take_all(false, 1, turns), TURNS);
    for (size_t i = 0; i < TURNS; i++) {
        assert_ptr_equal(turns[i].item, &three[i % ITEMS]);
        assert_true(turns[i].seed == turns[i - i % ITEMS].seed);
        if (i >= ITEMS)
            assert_true(turns[i].seed != turns[i - ITEMS].seed);
    }
}

static void source_gives_growing_times_within_a_round(void **state)
{
    static struct send_turn turns[TURNS];
    (void)state;
    (void)take_all(false, 1, turns);
    for (size_t i = 0; i < TURNS; i++)
        assert_int_equal(turns[i].now_ms, 5000 + (int64_t)(i % ITEMS));
}

static void source_shuffled_gives_everything_once_in_another_order(void **state)
{
    static struct send_turn plain[TURNS], mixed[TURNS];
    size_t moved = 0;
    (void)state;
    (void)take_all(false, 7, plain);
    assert_int_equal(take_all(true, 7, mixed), TURNS);
    for (size_t item = 0; item < ITEMS; item++) {
        size_t count = 0;
        for (size_t i = 0; i < TURNS; i++)
            count += mixed[i].item == &three[item];
        assert_int_equal(count, ROUNDS);
    }
    for (size_t i = 0; i < TURNS; i++)
        moved += plain[i].item != mixed[i].item;
    assert_true(moved > TURNS / 3);
}

static void source_shuffled_keeps_the_true_order_in_the_times(void **state)
{
    static struct send_turn turns[TURNS];
    (void)state;
    (void)take_all(true, 7, turns);
    for (size_t i = 0; i < TURNS; i++)
        assert_int_equal(turns[i].now_ms, 5000 + (turns[i].item - three));
}

static void source_of_no_items_ends_at_once(void **state)
{
    const struct send_items none = { NULL, 0 };
    struct send_source *source = NULL;
    struct send_turn turn;
    (void)state;
    assert_int_equal(send_source_new(&none, 5, false, 1, &stopped, &source), STATUS_OK);
    assert_false(send_source_next(source, &turn));
    send_source_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_goes_round_by_round),
        cmocka_unit_test(source_gives_growing_times_within_a_round),
        cmocka_unit_test(source_shuffled_gives_everything_once_in_another_order),
        cmocka_unit_test(source_shuffled_keeps_the_true_order_in_the_times),
        cmocka_unit_test(source_of_no_items_ends_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
