#ifndef CLERK_TESTS_REDIS_FIXTURE_H
#define CLERK_TESTS_REDIS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/redis_url.h"

/* A Redis of a few connections in the test's own loop: says OK to everything, keeps the answers to
 * XADD back while it is told to, and ends connections on demand. */

enum { FAKE_CONNS_MAX = 32 };

#define FAKE_STORED "$3\r\n1-1\r\n"

struct fake_conn {
    struct fake_redis *redis;
    struct bufferevent *bev; /* NULL: ended */
    redisReader *reader;
    size_t xadds;
    size_t held; /* of these, not answered */
};

struct fake_redis {
    struct event_base *base;
    struct evconnlistener *listener;
    struct fake_conn conns[FAKE_CONNS_MAX];
    size_t count; /* accepted so far */
    size_t count_max;
    bool hold;
    const char *xadd_answer;
    const char *info; /* of INFO memory */
};

static void fake_end(struct fake_conn *conn)
{
    if (!conn->bev)
        return;
    bufferevent_free(conn->bev);
    redisReaderFree(conn->reader);
    conn->bev = NULL;
}

static void fake_say(struct fake_conn *conn, const char *text)
{
    assert_int_equal(bufferevent_write(conn->bev, text, strlen(text)), 0);
}

static void fake_answer(struct fake_conn *conn, const redisReply *command)
{
    const struct fake_redis *redis = conn->redis;

    if (strcmp(command->element[0]->str, "INFO") == 0 && conn->held > 0)
        return; /* answers come in order */
    if (strcmp(command->element[0]->str, "INFO") == 0) {
        (void)evbuffer_add_printf(bufferevent_get_output(conn->bev), "$%zu\r\n%s\r\n",
                                  strlen(redis->info), redis->info);
    } else if (strcmp(command->element[0]->str, "XADD") == 0) {
        conn->xadds++;
        if (redis->hold)
            conn->held++;
        else
            fake_say(conn, redis->xadd_answer);
    } else {
        fake_say(conn, "+OK\r\n");
    }
}

static void fake_on_bytes(struct bufferevent *bev, void *arg)
{
    struct fake_conn *conn = arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(input);
    void *command = NULL;

    assert_int_equal(redisReaderFeed(conn->reader, (const char *)evbuffer_pullup(input, -1), len),
                     REDIS_OK);
    (void)evbuffer_drain(input, len);
    while (redisReaderGetReply(conn->reader, &command) == REDIS_OK && command) {
        fake_answer(conn, command);
        freeReplyObject(command);
    }
}

static void fake_on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    (void)what;
    fake_end(arg);
}

static void fake_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                           struct sockaddr *address, int len, void *arg)
{
    struct fake_redis *redis = arg;
    struct fake_conn *conn = &redis->conns[redis->count];

    (void)listener;
    (void)address;
    (void)len;
    if (redis->count == redis->count_max) {
        (void)close(fd);
        return;
    }
    redis->count++;
    conn->redis = redis;
    conn->reader = redisReaderCreate();
    conn->bev = bufferevent_socket_new(redis->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(conn->bev, fake_on_bytes, NULL, fake_on_event, conn);
    assert_int_equal(bufferevent_enable(conn->bev, EV_READ | EV_WRITE), 0);
}

/* Answers what was kept back, on the connections that are left. */
static void fake_let_go(struct fake_redis *redis)
{
    redis->hold = false;
    for (size_t i = 0; i < redis->count; i++)
        for (; redis->conns[i].bev && redis->conns[i].held > 0; redis->conns[i].held--)
            fake_say(&redis->conns[i], redis->xadd_answer);
}

static size_t fake_open_count(const struct fake_redis *redis)
{
    size_t count = 0;

    for (size_t i = 0; i < redis->count; i++)
        count += redis->conns[i].bev != NULL;
    return count;
}

/* Begins to listen and points url at it. */
static void fake_start(struct fake_redis *redis, struct event_base *base, struct redis_url *url)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    *redis = (struct fake_redis){ .base = base, .count_max = FAKE_CONNS_MAX };
    (void)signal(SIGPIPE, SIG_IGN); /* as the programs have it */
    redis->xadd_answer = FAKE_STORED;
    redis->info = "";
    snprintf(url->path, sizeof(url->path), "/tmp/clerk-fake-redis-%ld", (long)getpid());
    url->unix_socket = true;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", url->path);
    (void)unlink(url->path);
    redis->listener = evconnlistener_new_bind(base, fake_on_accept, redis, LEV_OPT_CLOSE_ON_FREE,
                                              -1, (struct sockaddr *)(void *)&address,
                                              sizeof(address));
    assert_non_null(redis->listener);
}

static void fake_stop(struct fake_redis *redis, const struct redis_url *url)
{
    evconnlistener_free(redis->listener);
    for (size_t i = 0; i < redis->count; i++)
        fake_end(&redis->conns[i]);
    (void)unlink(url->path);
}

#endif
