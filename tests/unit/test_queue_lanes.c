#include "tests/unit/lanes_fixture.h"

static void events_one_at_a_time_need_one_connection_only(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 20; i++) {
        send_many(1);
        UNTIL(fx.answers[ANSWER_TEXT] == i);
        turn();
    }
    assert_int_equal(fx.redis.count, 1);
}

static void events_one_at_a_time_stay_on_one_lane_of_many(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 20; i++) {
        send_many(1);
        UNTIL(fx.answers[ANSWER_TEXT] == i);
    }
    assert_int_equal(busy_conn()->xadds, 20);
}

static void as_many_lanes_are_opened_as_were_needed_at_once(void **state)
{
    (void)state;
    hold(2 * EVENTS_A_TURN + 1);
    fake_let_go(&fx.redis);
    UNTIL(answered() == fx.sent);
    for (int i = 0; i < 10; i++)
        turn();
    assert_int_equal(fake_open_count(&fx.redis), 3);
}

static void events_under_way_together_fill_one_turn_of_redis_on_each_lane(void **state)
{
    (void)state;
    hold(QUEUE_LANES * EVENTS_A_TURN);
    for (size_t i = 0; i < QUEUE_LANES; i++)
        assert_int_equal(fx.redis.conns[i].xadds, EVENTS_A_TURN);
    fake_let_go(&fx.redis);
    UNTIL(fx.answers[ANSWER_TEXT] == fx.sent);
}

static void events_beyond_that_go_where_least_waits(void **state)
{
    (void)state;
    hold(QUEUE_LANES * EVENTS_A_TURN + QUEUE_LANES);
    for (size_t i = 0; i < QUEUE_LANES; i++)
        assert_int_equal(fx.redis.conns[i].xadds, EVENTS_A_TURN + 1);
}

static void a_lost_lane_fails_its_own_events_only_and_comes_back(void **state)
{
    (void)state;
    hold(3 * EVENTS_A_TURN);
    fake_end(busy_conn());
    UNTIL(fx.answers[ANSWER_NONE] > 0);
    assert_true(is_healthy());
    fake_let_go(&fx.redis);
    UNTIL(answered() == fx.sent);
    assert_int_equal(fx.answers[ANSWER_NONE], EVENTS_A_TURN);
    assert_int_equal(fx.answers[ANSWER_TEXT], 2 * EVENTS_A_TURN);
    TICK_UNTIL(fake_open_count(&fx.redis) == QUEUE_LANES);
    assert_int_equal(queue_lanes_reconnects(fx.lanes), 1);
}

static void an_overdue_answer_ends_its_own_lane_only(void **state)
{
    int64_t sent_ms = fx.now_ms;

    (void)state;
    hold(2);
    fx.redis.hold = false;
    while (answered() == 0) {
        turn();
        assert_true(fx.now_ms <= sent_ms + 1800);
        for (int i = 0; i < 20; i++) /* probes are answered before time goes on */
            (void)event_base_loop(fx.base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(fx.answers[ANSWER_NONE], 2);
    assert_true(is_healthy());
    send_many(1);
    UNTIL(fx.answers[ANSWER_TEXT] == 1);
}

static void lanes_that_are_all_lost_say_so_and_one_of_them_leads_them_back(void **state)
{
    (void)state;
    hold(2 * EVENTS_A_TURN);
    for (size_t i = 0; i < fx.redis.count; i++)
        fake_end(&fx.redis.conns[i]);
    UNTIL(fx.answers[ANSWER_NONE] == fx.sent);
    UNTIL(complains_of("connection lost"));
    assert_int_equal(send_one(), STATUS_UNAVAILABLE);
    TICK_UNTIL(fake_open_count(&fx.redis) > 0);
    assert_int_equal(fake_open_count(&fx.redis), 1);
    TICK_UNTIL(fake_open_count(&fx.redis) == QUEUE_LANES && is_healthy());
}

static void what_one_lane_hears_of_redis_counts_for_all_and_so_does_its_end(void **state)
{
    (void)state;
    fx.redis.xadd_answer = "-OOM command not allowed\r\n";
    send_many(1);
    UNTIL(fx.answers[ANSWER_ERROR] == 1);
    assert_true(complains_of("OOM"));
    hold(EVENTS_A_TURN + 1); /* the last one is on another lane */
    fx.redis.xadd_answer = FAKE_STORED;
    fake_let_go(&fx.redis);
    UNTIL(answered() == fx.sent);
    assert_true(is_healthy());
}

static void a_wrong_redis_is_left_by_all_lanes_together(void **state)
{
    size_t before = fx.redis.count;

    (void)state;
    fx.redis.xadd_answer = "-READONLY You can't write against a read only replica.\r\n";
    send_many(1);
    UNTIL(fx.answers[ANSWER_ERROR] == 1);
    assert_true(complains_of("READONLY"));
    TICK_UNTIL(fake_open_count(&fx.redis) <= 1);
    TICK_UNTIL(is_healthy() && fake_open_count(&fx.redis) == QUEUE_LANES);
    assert_int_equal(fx.redis.count, before + QUEUE_LANES);
}

static void a_full_redis_gets_nothing_on_any_lane(void **state)
{
    (void)state;
    fx.redis.info = "used_memory:90000\r\nmaxmemory:100000\r\n";
    TICK_UNTIL(send_one() == STATUS_UNAVAILABLE);
    assert_true(queue_lanes_are_full(fx.lanes));
    fx.redis.info = "used_memory:10000\r\nmaxmemory:100000\r\n";
    TICK_UNTIL(!queue_lanes_are_full(fx.lanes));
    UNTIL(answered() == fx.sent);
}

static void fewer_connections_than_lanes_are_enough(void **state)
{
    (void)state;
    fx.redis.count_max = fx.redis.count;
    for (size_t i = 0; i + 1 < fx.redis.count; i++)
        fake_end(&fx.redis.conns[i]);
    for (int i = 0; i < 30; i++) {
        turn();
        assert_true(is_healthy());
        send_many(1);
        UNTIL(fx.answers[ANSWER_TEXT] == fx.sent);
    }
}

static void the_end_answers_all_that_is_under_way(void **state)
{
    (void)state;
    hold(2 * EVENTS_A_TURN);
    queue_lanes_free(fx.lanes);
    fx.lanes = NULL;
    assert_int_equal(fx.answers[ANSWER_NONE], fx.sent);
}

#define WITH_REDIS(test) cmocka_unit_test_setup_teardown(test, set_up_all, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_one_at_a_time_need_one_connection_only, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(as_many_lanes_are_opened_as_were_needed_at_once, set_up,
                                        tear_down),
        WITH_REDIS(events_one_at_a_time_stay_on_one_lane_of_many),
        WITH_REDIS(events_under_way_together_fill_one_turn_of_redis_on_each_lane),
        WITH_REDIS(events_beyond_that_go_where_least_waits),
        WITH_REDIS(a_lost_lane_fails_its_own_events_only_and_comes_back),
        WITH_REDIS(an_overdue_answer_ends_its_own_lane_only),
        WITH_REDIS(lanes_that_are_all_lost_say_so_and_one_of_them_leads_them_back),
        WITH_REDIS(what_one_lane_hears_of_redis_counts_for_all_and_so_does_its_end),
        WITH_REDIS(a_wrong_redis_is_left_by_all_lanes_together),
        WITH_REDIS(a_full_redis_gets_nothing_on_any_lane),
        WITH_REDIS(fewer_connections_than_lanes_are_enough),
        WITH_REDIS(the_end_answers_all_that_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
