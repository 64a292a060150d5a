#ifndef CLERK_TESTS_LANES_FIXTURE_H
#define CLERK_TESTS_LANES_FIXTURE_H

#include <stdlib.h>

#include "common/clock.h"
#include "ingest/queue_writer_lanes.h"
#include "tests/unit/redis_fixture.h"

enum { EVENT_BYTES = 3000, EVENTS_A_TURN = 5, CALLS_MAX = 128, PATIENCE_MS = 10 * 1000 };

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
    return 0;
}

/* As it is once there has been enough to do for all. */
static int set_up_all(void **state)
{
    (void)set_up(state);
    hold(QUEUE_LANES * EVENTS_A_TURN);
    fake_let_go(&fx.redis);
    UNTIL(fx.answers[ANSWER_TEXT] == fx.sent);
    assert_int_equal(fake_open_count(&fx.redis), 1); /* the first one leads */
    TICK_UNTIL(fake_open_count(&fx.redis) == QUEUE_LANES);
    for (int i = 0; i < 3; i++)
        turn(); /* all are set up */
    for (size_t i = 0; i < fx.redis.count; i++)
        fx.redis.conns[i].xadds = 0;
    fx.sent = fx.answers[ANSWER_TEXT] = 0;
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

#endif
