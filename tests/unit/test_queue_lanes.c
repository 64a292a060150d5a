#include <stdlib.h>

#include "common/clock.h"
#include "ingest/queue_writer_lanes.h"
#include "tests/unit/redis_fixture.h"

enum { EVENT_BYTES = 3000, EVENTS_A_TURN = 5, CALLS_MAX = 64, PATIENCE_MS = 10 * 1000 };

struct fixture {
    struct event_base *base;
    struct redis_url url;
    struct fake_redis redis;
    struct queue_lanes *lanes;
    int64_t now_ms; /* what the lanes are told */
    struct queue_call calls[CALLS_MAX];
    size_t sent;
    size_t answers[ANSWER_NONE + 1]; /* how many of each kind */
};

static struct fixture fx; /* the calls are all that a callback gets */

static void on_answered(struct queue_call *call, enum queue_answer answer)
{
    (void)call;
    fx.answers[answer]++;
}

/* A turn of the loop, and a tick that comes 100 ms after the last one. */
static void turn(void)
{
    fx.now_ms += 100;
    queue_lanes_tick(fx.lanes, fx.now_ms);
    (void)event_base_loop(fx.base, EVLOOP_NONBLOCK);
}

/* Without ticks: no time passes. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        int64_t give_up_ms = clock_system.mono_ms() + PATIENCE_MS;                                 \
        while (!(condition)) {                                                                     \
            assert_true(clock_system.mono_ms() < give_up_ms);                                      \
            (void)event_base_loop(fx.base, EVLOOP_NONBLOCK);                                       \
        }                                                                                          \
    } while (0)

#define TICK_UNTIL(condition)                                                                      \
    do {                                                                                           \
        int64_t give_up_ms = clock_system.mono_ms() + PATIENCE_MS;                                 \
        while (!(condition)) {                                                                     \
            assert_true(clock_system.mono_ms() < give_up_ms);                                      \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

static bool complains_of(const char *what)
{
    char why[QUEUE_LANES_WHY_MAX] = "";

    return !queue_lanes_are_healthy(fx.lanes, why) && strstr(why, what) != NULL;
}

static bool is_healthy(void)
{
    return !complains_of("");
}

static size_t answered(void)
{
    return fx.answers[ANSWER_TEXT] + fx.answers[ANSWER_ERROR] + fx.answers[ANSWER_NONE];
}

static enum status send_one(void)
{
    struct queue_call *call = &fx.calls[fx.sent];
    enum status st;

    *call = (struct queue_call){ .answered = on_answered, .deadline_ms = fx.now_ms + 1800 };
    st = queue_lanes_send(fx.lanes, SLICE("*2\r\n$4\r\nXADD\r\n$1\r\nk\r\n"), EVENT_BYTES, call);
    fx.sent += st == STATUS_OK;
    return st;
}

static void send_many(size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(send_one(), STATUS_OK);
}

static size_t received(void)
{
    size_t count = 0;

    for (size_t i = 0; i < fx.redis.count; i++)
        count += fx.redis.conns[i].xadds;
    return count;
}

/* So many events wait, on as few lanes as they fill. */
static void hold(size_t count)
{
    fx.redis.hold = true;
    send_many(count);
    UNTIL(received() == fx.sent);
}

/* The one of the first lane to have taken events. */
static struct fake_conn *busy_conn(void)
{
    for (size_t i = 0; i < fx.redis.count; i++)
        if (fx.redis.conns[i].xadds > 0)
            return &fx.redis.conns[i];
    fail_msg("no event has arrived");
    return NULL;
}

static int set_up(void **state)
{
    struct queue_lanes_conf conf = { &fx.url, "k", "g" };

    (void)state;
    memset(&fx, 0, sizeof(fx));
    fx.base = event_base_new();
    fake_start(&fx.redis, fx.base, &fx.url);
    assert_int_equal(queue_lanes_new(fx.base, &conf, &fx.lanes), STATUS_OK);
    TICK_UNTIL(is_healthy());
    assert_int_equal(fake_open_count(&fx.redis), 1); /* the first one leads */
    TICK_UNTIL(fake_open_count(&fx.redis) == QUEUE_LANES);
    for (int i = 0; i < 3; i++)
        turn(); /* all are set up */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    queue_lanes_free(fx.lanes);
    fake_stop(&fx.redis, &fx.url);
    event_base_free(fx.base);
    assert_int_equal(answered(), fx.sent);
    return 0;
}

static void events_one_at_a_time_stay_on_one_lane(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 20; i++) {
        send_many(1);
        UNTIL(fx.answers[ANSWER_TEXT] == i);
    }
    assert_int_equal(busy_conn()->xadds, 20);
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

#define WITH_REDIS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REDIS(events_one_at_a_time_stay_on_one_lane),
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
