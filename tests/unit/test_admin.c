#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "common/admin.h"
#include "common/clock.h"

enum { TIMEOUT_MS = 5000, CROWD = 80, CONNECTIONS_MAX = 64, BUF_MAX = 8192 };

/* The program behind the endpoint. */
static atomic_bool is_ready;
static atomic_int signals_seen_by_hooks;

static bool ready(void *arg, char why[ADMIN_WHY_MAX])
{
    sigset_t mask;

    (void)pthread_sigmask(SIG_BLOCK, NULL, &mask);
    if (!sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGHUP))
        atomic_fetch_add(&signals_seen_by_hooks, 1);
    (void)snprintf(why, ADMIN_WHY_MAX, "redis %s", (const char *)arg);
    return atomic_load(&is_ready);
}

static void metrics(void *arg, struct buf *out)
{
    (void)arg;
    buf_append(out, SLICE("clerk_up 1\n"));
}

static char hook_arg[] = "away";
static const struct admin_hooks hooks = { .ready = ready, .metrics = metrics, .arg = hook_arg };

struct fixture {
    struct admin_thread *thread;
    struct address address;
};

static int start(void **state)
{
    static struct fixture f;

    f.address = (struct address){ .host = "127.0.0.1" };
    atomic_store(&is_ready, true);
    if (admin_thread_start(&f.address, &hooks, &f.thread) != STATUS_OK)
        return -1;
    f.address.port = admin_thread_port(f.thread);
    *state = &f;
    return 0;
}

static int stop(void **state)
{
    struct fixture *f = *state;

    admin_thread_stop(f->thread);
    return 0;
}

static int get(const struct fixture *f, const char *path)
{
    return address_http_status(&f->address, path, TIMEOUT_MS);
}

static int dial(const struct fixture *f)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)f->address.port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Sends raw bytes and reads until the server closes; fails after TIMEOUT_MS of silence. */
static void talk(const struct fixture *f, const char *request, char answer[BUF_MAX])
{
    int fd = dial(f);
    size_t len = 0;
    ssize_t got = 1;

    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while (got > 0 && len < BUF_MAX - 1) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        assert_int_equal(poll(&pfd, 1, TIMEOUT_MS), 1);
        got = recv(fd, answer + len, BUF_MAX - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    answer[len] = '\0';
    close(fd);
}

static void assert_talk(const struct fixture *f, const char *request, const char *line,
                        const char *body)
{
    char answer[BUF_MAX];
    const char *end;

    talk(f, request, answer);
    assert_memory_equal(answer, line, strlen(line));
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    assert_string_equal(end + 4, body);
}

static void admin_answers_200_on_every_page_when_ready(void **state)
{
    static const char *const paths[] = { "/livez", "/readyz", "/healthz", "/metrics",
                                         "/readyz?a=b" };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(get(*state, paths[i]), 200);
}

static void admin_is_alive_but_not_ready_when_the_program_cannot_work(void **state)
{
    atomic_store(&is_ready, false);
    assert_int_equal(get(*state, "/livez"), 200);
    assert_int_equal(get(*state, "/readyz"), 503);
    assert_int_equal(get(*state, "/healthz"), 503);
    assert_talk(*state, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 503 ", "redis away\n");
}

static void admin_serves_the_metrics_as_they_come(void **state)
{
    char answer[BUF_MAX];

    assert_talk(*state, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                "clerk_up 1\n");
    talk(*state, "GET /metrics HTTP/1.0\r\n\r\n", answer);
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
}

static void admin_compares_paths_as_they_came(void **state)
{
    static const char *const paths[] = { "/",        "/livez/", "/Livez",   "//livez",
                                         "/%6Civez", "/live",   "/x?/livez" };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_int_equal(get(*state, paths[i]), 404);
    assert_talk(*state, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "not found\n");
}

static void admin_refuses_other_methods(void **state)
{
    static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "PATCH" };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        char request[128];
        char answer[BUF_MAX];
        (void)snprintf(request, sizeof(request),
                       "%s /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", methods[i]);
        talk(*state, request, answer);
        assert_memory_equal(answer, "HTTP/1.1 405 ", 13);
        assert_non_null(strstr(answer, "\r\nAllow: GET\r\n"));
    }
}

static void admin_refuses_methods_that_http_does_not_know(void **state)
{
    char answer[BUF_MAX];

    talk(*state, "BREW /livez HTTP/1.1\r\nHost: x\r\n\r\n", answer);
    assert_memory_equal(answer, "HTTP/1.1 501 ", 13);
}

static void admin_refuses_headers_and_bodies_without_end(void **state)
{
    char request[16 * 1024];
    char answer[BUF_MAX];

    talk(*state, "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n", answer);
    assert_memory_equal(answer, "HTTP/1.1 413 ", 13);
    (void)snprintf(request, sizeof(request), "GET /livez HTTP/1.1\r\nX: %012000d\r\n\r\n", 0);
    talk(*state, request, answer);
    assert_memory_equal(answer, "HTTP/1.1 400 ", 13);
}

static void admin_answers_one_request_a_connection(void **state)
{
    char answer[BUF_MAX];
    const char *first;

    talk(*state, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
         answer);
    first = strstr(answer, "HTTP/1.1 200 ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "HTTP/1.1 "));
}

static void admin_thread_leaves_signals_to_the_program(void **state)
{
    atomic_store(&signals_seen_by_hooks, 0);
    assert_int_equal(get(*state, "/readyz"), 200);
    assert_int_equal(atomic_load(&signals_seen_by_hooks), 0);
}

static void admin_serves_again_after_a_crowd_has_left(void **state)
{
    int fds[CROWD];

    for (size_t i = 0; i < CROWD; i++)
        fds[i] = dial(*state);
    for (size_t i = 0; i < CROWD; i++)
        close(fds[i]);
    assert_int_equal(get(*state, "/livez"), 200);
}

static void admin_lets_a_silent_crowd_wait_and_then_cuts_it_off(void **state)
{
    struct fixture *f = *state;
    int64_t begin_ms = clock_system.mono_ms();
    int fds[CONNECTIONS_MAX];

    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        fds[i] = dial(f);
    /* No place is free until the deadline of the 64 has passed. */
    assert_int_equal(address_http_status(&f->address, "/livez", 4 * TIMEOUT_MS), 200);
    assert_in_range(clock_system.mono_ms() - begin_ms, 4000, 15000);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        close(fds[i]);
}

static void admin_thread_stops_with_connections_open(void **state)
{
    struct fixture *f = *state;
    int idle = dial(f);
    char answer[BUF_MAX];

    talk(f, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", answer); /* so that idle has been accepted */
    admin_thread_stop(f->thread);
    f->thread = NULL;
    assert_int_equal(recv(idle, answer, sizeof(answer), 0), 0);
    assert_int_equal(get(f, "/livez"), 0);
    close(idle);
}

static void admin_says_when_the_address_is_taken(void **state)
{
    struct fixture *f = *state;
    struct admin_thread *second = NULL;

    errno = 0;
    assert_int_equal(admin_thread_start(&f->address, &hooks, &second), STATUS_UNAVAILABLE);
    assert_int_equal(errno, EADDRINUSE);
    assert_null(second);
    admin_thread_stop(NULL);
    admin_free(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(admin_answers_200_on_every_page_when_ready),
        CASE(admin_is_alive_but_not_ready_when_the_program_cannot_work),
        CASE(admin_serves_the_metrics_as_they_come),
        CASE(admin_compares_paths_as_they_came),
        CASE(admin_refuses_other_methods),
        CASE(admin_refuses_methods_that_http_does_not_know),
        CASE(admin_refuses_headers_and_bodies_without_end),
        CASE(admin_answers_one_request_a_connection),
        CASE(admin_thread_leaves_signals_to_the_program),
        CASE(admin_serves_again_after_a_crowd_has_left),
        CASE(admin_lets_a_silent_crowd_wait_and_then_cuts_it_off),
        CASE(admin_thread_stops_with_connections_open),
        CASE(admin_says_when_the_address_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
