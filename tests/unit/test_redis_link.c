/* The worker's connection against a server of one connection that answers every command alike and
 * keeps what it was sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "worker/redis_link.h"

enum { HEARD_MAX = 1024 };

struct server {
    const char *answer;
    int listener;
    pthread_t thread;
    char heard[HEARD_MAX];
};

static void *serve(void *arg)
{
    struct server *s = arg;
    size_t len = 0;
    ssize_t n;
    int fd = accept(s->listener, NULL, NULL);
    while ((n = read(fd, s->heard + len, HEARD_MAX - 1 - len)) > 0) {
        len += (size_t)n;
        if (send(fd, s->answer, strlen(s->answer), MSG_NOSIGNAL) < 0)
            break;
    }
    (void)close(fd);
    return NULL;
}

static void start(struct server *s, const char *answer, struct redis_url *url)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    *s = (struct server){ .answer = answer };
    snprintf(url->path, sizeof url->path, "/tmp/clerk-redis-link-%ld", (long)getpid());
    url->unix_socket = true;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", url->path);
    (void)unlink(url->path);
    s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(s->listener, (struct sockaddr *)(void *)&address, sizeof address));
    assert_int_equal(0, listen(s->listener, 1));
    assert_int_equal(0, pthread_create(&s->thread, NULL, serve, s));
}

/* After the link is gone: the server reads to the end. */
static void stop(struct server *s, const struct redis_url *url)
{
    assert_int_equal(0, pthread_join(s->thread, NULL));
    (void)close(s->listener);
    (void)unlink(url->path);
}

static void a_password_that_redis_repeats_is_not_told(void **state)
{
    (void)state;
    struct server server;
    struct redis_url url = { .password = "hunter2secret" };
    start(&server, "-ERR unknown command 'AUTH', with args beginning with: 'hunter2secret' \r\n",
          &url);
    struct redis_link *link = redis_link_new(&url);
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_open(link));
    assert_string_equal("redis answered: ERR unknown command 'AUTH'", redis_link_why(link));
    redis_link_free(link);
    stop(&server, &url);
}

static void a_user_without_a_password_is_named_all_the_same(void **state)
{
    (void)state;
    struct server server;
    struct redis_url url = { .user = "reader" };
    start(&server, "+OK\r\n", &url);
    struct redis_link *link = redis_link_new(&url);
    assert_int_equal(STATUS_OK, redis_link_open(link));
    redis_link_free(link);
    stop(&server, &url);
    assert_string_equal("*3\r\n$4\r\nAUTH\r\n$6\r\nreader\r\n$0\r\n\r\n", server.heard);
}

static void without_user_and_password_nobody_logs_in(void **state)
{
    (void)state;
    struct server server;
    struct redis_url url = { .db = 3 };
    start(&server, "+OK\r\n", &url);
    struct redis_link *link = redis_link_new(&url);
    assert_int_equal(STATUS_OK, redis_link_open(link));
    redis_link_free(link);
    stop(&server, &url);
    assert_string_equal("*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n", server.heard);
}

static void an_error_reply_costs_the_connection(void **state)
{
    (void)state;
    struct server server;
    struct redis_url url = { 0 };
    struct redis_command cmd;
    redisReply *reply = NULL;
    start(&server, "-LOADING Redis is loading the dataset in memory\r\n", &url);
    struct redis_link *link = redis_link_new(&url);
    redis_command_set(&cmd, (const char *[]){ "PING" }, 1);
    assert_int_equal(STATUS_OK, redis_link_open(link));
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_call(link, &cmd, 0, &reply));
    assert_null(reply);
    assert_string_equal("redis answered: LOADING Redis is loading the dataset in memory",
                        redis_link_why(link));
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_append(link, &cmd));
    redis_link_free(link);
    stop(&server, &url);
}

static void a_right_that_is_missing_costs_nothing_but_the_answer(void **state)
{
    (void)state;
    struct server server;
    struct redis_url url = { 0 };
    struct redis_command cmd;
    redisReply *reply = NULL;
    start(&server, "-NOPERM this user has no permissions to run the 'xinfo|groups' command\r\n",
          &url);
    struct redis_link *link = redis_link_new(&url);
    redis_command_set(&cmd, (const char *[]){ "XINFO" }, 1);
    assert_int_equal(STATUS_OK, redis_link_open(link));
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_call(link, &cmd, 0, &reply));
    assert_true(redis_link_is_refused(link));
    assert_null(reply);
    assert_int_equal(STATUS_OK, redis_link_open(link));
    assert_int_equal(1, redis_link_generation(link));
    assert_int_equal(STATUS_OK, redis_link_append(link, &cmd));
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_reply(link, 0, &reply));
    assert_false(redis_link_is_refused(link));
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_append(link, &cmd));
    redis_link_free(link);
    stop(&server, &url);
}

static void a_login_that_is_refused_leaves_no_connection(void **state)
{
    (void)state;
    struct server server;
    struct redis_url url = { .db = 3 };
    start(&server, "-NOPERM this user has no permissions to run the 'select' command\r\n", &url);
    struct redis_link *link = redis_link_new(&url);
    assert_int_equal(STATUS_UNAVAILABLE, redis_link_open(link));
    assert_false(redis_link_is_refused(link));
    assert_int_equal(0, redis_link_generation(link));
    redis_link_free(link);
    stop(&server, &url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_that_redis_repeats_is_not_told),
        cmocka_unit_test(a_user_without_a_password_is_named_all_the_same),
        cmocka_unit_test(without_user_and_password_nobody_logs_in),
        cmocka_unit_test(an_error_reply_costs_the_connection),
        cmocka_unit_test(a_right_that_is_missing_costs_nothing_but_the_answer),
        cmocka_unit_test(a_login_that_is_refused_leaves_no_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
