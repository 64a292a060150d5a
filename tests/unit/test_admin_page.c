#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "common/admin.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

enum { TIMEOUT_MS = 10000, BUF_MAX = 8192, JOBS_MAX = 16 };

/* While the test holds it, no page is answered. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int entered; /* answers begun */
static atomic_int ticks;
static atomic_int tick_takes_ms;

static bool ready(void *arg, char why[ADMIN_WHY_MAX])
{
    (void)arg;
    (void)why;
    return true;
}

static void metrics(void *arg, struct buf *out)
{
    (void)arg;
    buf_append(out, SLICE("clerk_up 1\n"));
}

/* Shows what it was given. */
static void page_answer(void *arg, const struct admin_request *r, struct admin_reply *reply)
{
    (void)arg;
    atomic_fetch_add(&entered, 1);
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
    buf_printf(&reply->text, "%s path=%.*s query=%.*s body=%.*s host=%.*s csrf=%.*s",
               r->is_post ? "POST" : "GET", SLICE_ARG(r->path), SLICE_ARG(r->query),
               SLICE_ARG(r->body), SLICE_ARG(r->host), SLICE_ARG(r->csrf));
    if (slice_equals(r->path, SLICE("/elsewhere"))) {
        reply->code = 303;
        reply->location = "/there";
        (void)snprintf(reply->cookie, sizeof(reply->cookie), "a=b; HttpOnly");
    }
    if (slice_equals(r->path, SLICE("/fixed")))
        reply->fixed = SLICE("constant");
    if (slice_equals(r->path, SLICE("/huge")))
        for (int i = 0; i < 1 << 20; i++)
            buf_append(&reply->text, SLICE("0123456789"));
}

static void page_tick(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ticks, 1);
    (void)poll(NULL, 0, atomic_load(&tick_takes_ms));
}

static const struct admin_page page = { .answer = page_answer, .tick = page_tick };
static const struct admin_hooks hooks = { .ready = ready, .metrics = metrics, .page = &page };

struct fixture {
    struct admin_thread *thread;
    struct address address;
};

static int start(void **state)
{
    static struct fixture f;
    f.address = (struct address){ .host = "127.0.0.1" };
    atomic_store(&entered, 0);
    atomic_store(&ticks, 0);
    atomic_store(&tick_takes_ms, 0);
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

/* Sends a request and returns the connection. */
static int ask(const struct fixture *f, const char *request)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)f->address.port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    return fd;
}

/* Reads until the server closes. */
static void hear(int fd, char answer[BUF_MAX])
{
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len < BUF_MAX - 1) {
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        assert_int_equal(poll(&pfd, 1, TIMEOUT_MS), 1);
        got = recv(fd, answer + len, BUF_MAX - 1 - len, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    answer[len] = '\0';
    close(fd);
}

static void talk(const struct fixture *f, const char *request, char answer[BUF_MAX])
{
    hear(ask(f, request), answer);
}

static void wait_entered(int count)
{
    while (atomic_load(&entered) < count)
        (void)poll(NULL, 0, 1);
}

static void a_page_gets_the_request_in_its_parts(void **state)
{
    char answer[BUF_MAX];
    talk(*state,
         "POST /a/b?c=d&e HTTP/1.1\r\nHost: here:1\r\nX-CSRF-Token: t\r\nContent-Length: "
         "3\r\n\r\nx=y",
         answer);
    assert_non_null(
        strstr(answer, "\r\n\r\nPOST path=/a/b query=c=d&e body=x=y host=here:1 csrf=t"));
    talk(*state, GET("/"), answer);
    assert_non_null(strstr(answer, "\r\n\r\nGET path=/ query= body= host=x csrf="));
}

static void a_page_is_sent_with_the_headers_that_keep_foreign_things_out(void **state)
{
    static const char *const headers[] = {
        "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';",
        "\r\nX-Content-Type-Options: nosniff\r\n",
        "\r\nX-Frame-Options: DENY\r\n",
        "\r\nCache-Control: no-store\r\n",
        "\r\nReferrer-Policy: no-referrer\r\n",
        "\r\nContent-Type: application/json\r\n",
    };
    char answer[BUF_MAX];
    talk(*state, GET("/"), answer);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        assert_non_null(strstr(answer, headers[i]));
}

static void a_page_may_send_elsewhere_with_a_cookie_and_constant_bodies(void **state)
{
    char answer[BUF_MAX];
    talk(*state, GET("/elsewhere"), answer);
    assert_memory_equal(answer, "HTTP/1.1 303 ", 13);
    assert_non_null(strstr(answer, "\r\nLocation: /there\r\n"));
    assert_non_null(strstr(answer, "\r\nSet-Cookie: a=b; HttpOnly\r\n"));
    talk(*state, GET("/fixed"), answer);
    assert_non_null(strstr(answer, "\r\n\r\nconstant"));
}

static void a_page_that_is_too_long_is_an_error(void **state)
{
    char answer[BUF_MAX];
    talk(*state, GET("/huge"), answer);
    assert_memory_equal(answer, "HTTP/1.1 500 ", 13);
}

static void only_get_and_post_come_to_the_page(void **state)
{
    char answer[BUF_MAX];
    talk(*state, "DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n", answer);
    assert_memory_equal(answer, "HTTP/1.1 405 ", 13);
    assert_int_equal(atomic_load(&entered), 0);
}

static void the_endpoint_answers_while_a_page_takes_its_time(void **state)
{
    struct fixture *f = *state;
    char answer[BUF_MAX];
    (void)pthread_mutex_lock(&gate);
    int slow = ask(f, GET("/slow"));
    wait_entered(1);
    assert_int_equal(address_http_status(&f->address, "/livez", TIMEOUT_MS), 200);
    assert_int_equal(address_http_status(&f->address, "/metrics", TIMEOUT_MS), 200);
    (void)pthread_mutex_unlock(&gate);
    hear(slow, answer);
    assert_non_null(strstr(answer, "path=/slow"));
}

static void more_requests_than_can_wait_are_told_so(void **state)
{
    struct fixture *f = *state;
    char answer[BUF_MAX];
    int fds[JOBS_MAX];
    (void)pthread_mutex_lock(&gate);
    for (int i = 0; i < JOBS_MAX; i++)
        fds[i] = ask(f, GET("/slow"));
    do /* the others may not have been read yet */
        talk(f, GET("/livez"), answer);
    while (atomic_load(&entered) == 0);
    int late = ask(f, GET("/late"));
    hear(late, answer);
    assert_memory_equal(answer, "HTTP/1.1 503 ", 13);
    (void)pthread_mutex_unlock(&gate);
    for (int i = 0; i < JOBS_MAX; i++) {
        hear(fds[i], answer);
        assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
    }
}

static void a_visitor_who_has_left_harms_nobody(void **state)
{
    struct fixture *f = *state;
    char answer[BUF_MAX];
    (void)pthread_mutex_lock(&gate);
    int gone = ask(f, GET("/gone"));
    wait_entered(1);
    close(gone);
    (void)pthread_mutex_unlock(&gate);
    talk(f, GET("/next"), answer);
    assert_non_null(strstr(answer, "path=/next"));
}

static void the_thread_stops_with_requests_waiting(void **state)
{
    struct fixture *f = *state;
    char answer[BUF_MAX];
    (void)pthread_mutex_lock(&gate);
    int first = ask(f, GET("/1"));
    int second = ask(f, GET("/2"));
    wait_entered(1);
    (void)pthread_mutex_unlock(&gate);
    admin_thread_stop(f->thread);
    f->thread = NULL;
    hear(first, answer); /* answered or cut off, and freed either way */
    hear(second, answer);
}

static void the_page_is_called_every_second(void **state)
{
    (void)state;
    int64_t left_ms = TIMEOUT_MS;
    while (atomic_load(&ticks) < 2 && left_ms-- > 0)
        (void)poll(NULL, 0, 1);
    assert_in_range(atomic_load(&ticks), 2, 3);
}

static void ticks_that_take_longer_than_a_second_keep_nobody_out(void **state)
{
    char answer[BUF_MAX];
    atomic_store(&tick_takes_ms, 1500);
    for (int tick = 2; tick <= 3; tick++) { /* the first one may have begun before */
        while (atomic_load(&ticks) < tick)
            (void)poll(NULL, 0, 1);
        talk(*state, GET("/x"), answer);
        assert_memory_equal(answer, "HTTP/1.1 200 ", 13);
        assert_int_equal(atomic_load(&ticks), tick);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_page_gets_the_request_in_its_parts),
        CASE(a_page_is_sent_with_the_headers_that_keep_foreign_things_out),
        CASE(a_page_may_send_elsewhere_with_a_cookie_and_constant_bodies),
        CASE(a_page_that_is_too_long_is_an_error),
        CASE(only_get_and_post_come_to_the_page),
        CASE(the_endpoint_answers_while_a_page_takes_its_time),
        CASE(more_requests_than_can_wait_are_told_so),
        CASE(a_visitor_who_has_left_harms_nobody),
        CASE(the_thread_stops_with_requests_waiting),
        CASE(the_page_is_called_every_second),
        CASE(ticks_that_take_longer_than_a_second_keep_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
