#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/address.h"

enum { TIMEOUT_MS = 5000, SHORT_MS = 100 };

static struct address parse_ok(const char *text)
{
    struct address a;

    assert_int_equal(address_parse(slice_of(text), &a), STATUS_OK);
    return a;
}

static void address_reads_host_and_port(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
    } rows[] = {
        { "0.0.0.0:3000", "0.0.0.0", 3000 },
        { "127.0.0.1:0", "127.0.0.1", 0 },
        { "[::1]:9100", "::1", 9100 },
        { "[::]:65535", "::", 65535 },
        { "[fe80::1%eth0]:1", "fe80::1%eth0", 1 },
        { "my-host.local:80", "my-host.local", 80 },
        { ":3000", "0.0.0.0", 3000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address a = parse_ok(rows[i].text);
        assert_string_equal(a.host, rows[i].host);
        assert_int_equal(a.port, rows[i].port);
    }
}

static void address_refuses_everything_else(void **state)
{
    static const char *const texts[] = {
        "",        "host",     "host:",   "3000",       "host:65536", "host:-1",
        "host:1a", "::1:3000", "[::1]",   "[::1]3000",  "[]:1",       "[::1:3000",
        "a b:1",   "a/b:1",    "host:1 ", "http://h:1", ":",          "[a]b:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct address a = { .port = 77 };
        assert_int_equal(address_parse(slice_of(texts[i]), &a), STATUS_INVALID);
        assert_int_equal(a.port, 77);
    }
    struct address a;
    assert_int_equal(address_parse(SLICE("a\0b:1"), &a), STATUS_INVALID);
}

static void address_bounds_the_host(void **state)
{
    char text[ADDRESS_HOST_MAX + 4];
    struct address a;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + ADDRESS_HOST_MAX, ":1", 2);
    assert_int_equal(address_parse((struct slice){ text, ADDRESS_HOST_MAX + 2 }, &a), STATUS_OK);
    assert_int_equal(strlen(a.host), ADDRESS_HOST_MAX);
    text[ADDRESS_HOST_MAX] = 'a';
    memcpy(text + ADDRESS_HOST_MAX + 1, ":1", 2);
    assert_int_equal(address_parse((struct slice){ text, ADDRESS_HOST_MAX + 3 }, &a),
                     STATUS_INVALID);
}

static void address_listens_on_a_port_of_the_kernels_choice(void **state)
{
    struct address a = parse_ok("127.0.0.1:0");
    int fd = -1;
    int port = 0;

    (void)state;
    assert_int_equal(address_listen(&a, 0, &fd, &port), STATUS_OK);
    assert_in_range(port, 1, 65535);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close(fd);
}

static void address_is_shared_only_when_asked(void **state)
{
    struct address a = parse_ok("127.0.0.1:0");
    int fds[2] = { -1, -1 };
    int port;

    (void)state;
    assert_int_equal(address_listen(&a, 1, &fds[0], &a.port), STATUS_OK);
    assert_int_equal(address_listen(&a, 1, &fds[1], &port), STATUS_OK);
    assert_int_equal(port, a.port);
    close(fds[1]);
    fds[1] = -7;
    errno = 0;
    assert_int_equal(address_listen(&a, 0, &fds[1], &port), STATUS_UNAVAILABLE);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(fds[1], -7);
    close(fds[0]);
}

static void address_that_is_not_ours_cannot_be_listened_on(void **state)
{
    struct address a = parse_ok("192.0.2.1:0"); /* TEST-NET-1 */
    int fd;
    int port;

    (void)state;
    errno = 0;
    assert_int_equal(address_listen(&a, 0, &fd, &port), STATUS_UNAVAILABLE);
    assert_int_equal(errno, EADDRNOTAVAIL);
}

static void address_http_status_is_0_where_nobody_listens(void **state)
{
    struct address a = parse_ok("127.0.0.1:0");
    int fd;

    (void)state;
    assert_int_equal(address_listen(&a, 0, &fd, &a.port), STATUS_OK);
    close(fd);
    assert_int_equal(address_http_status(&a, "/livez", TIMEOUT_MS), 0);
}

static void address_http_status_gives_up_on_a_silent_server(void **state)
{
    struct address a = parse_ok("127.0.0.1:0");
    int fd;

    (void)state;
    assert_int_equal(address_listen(&a, 0, &fd, &a.port), STATUS_OK);
    assert_int_equal(address_http_status(&a, "/livez", SHORT_MS), 0);
    close(fd);
}

/* Asks a child process that gives this answer, whatever it is asked. */
static int status_of_answer(const char *answer)
{
    struct address a = parse_ok("0.0.0.0:0");
    int listener;
    int code;
    pid_t child;

    assert_int_equal(address_listen(&a, 0, &listener, &a.port), STATUS_OK);
    assert_int_equal(fcntl(listener, F_SETFL, 0), 0); /* let accept() wait */
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char request[256];
        int fd = accept(listener, NULL, NULL);
        ssize_t got = recv(fd, request, sizeof(request), 0);
        bool whole = got > 4 && memcmp(request + got - 4, "\r\n\r\n", 4) == 0;
        _exit(whole && send(fd, answer, strlen(answer), MSG_NOSIGNAL) >= 0 ? 0 : 1);
    }
    close(listener);
    code = address_http_status(&a, "/readyz", TIMEOUT_MS);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return code;
}

static void address_http_status_reads_the_first_line(void **state)
{
    static const struct {
        const char *answer;
        int code;
    } rows[] = {
        { "HTTP/1.1 200 OK\r\n\r\n", 200 },
        { "HTTP/1.0 503 x\r\n\r\nnot ready\n", 503 },
        { "HTTP/1.1 99 \r\n\r\n", 0 },
        { "HTTP/2 200 OK\r\n\r\n", 0 },
        { "garbage garbage", 0 },
        { "HTTP/1.1", 0 },
        { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(status_of_answer(rows[i].answer), rows[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_reads_host_and_port),
        cmocka_unit_test(address_refuses_everything_else),
        cmocka_unit_test(address_bounds_the_host),
        cmocka_unit_test(address_listens_on_a_port_of_the_kernels_choice),
        cmocka_unit_test(address_is_shared_only_when_asked),
        cmocka_unit_test(address_that_is_not_ours_cannot_be_listened_on),
        cmocka_unit_test(address_http_status_is_0_where_nobody_listens),
        cmocka_unit_test(address_http_status_gives_up_on_a_silent_server),
        cmocka_unit_test(address_http_status_reads_the_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
