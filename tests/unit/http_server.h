#ifndef CLERK_TEST_HTTP_SERVER_H
#define CLERK_TEST_HTTP_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* For tests of clients: a server on loopback, in a process of its own, that answers every request
 * alike and takes one connection after the other. An answer without a Content-Length ends the
 * connection. */

#define HTTP_ECHO   NULL /* answer 400 with the connection's number and the request */
#define HTTP_SILENT ""   /* read and never answer */

enum { HTTP_REQUEST_MAX = 64 * 1024 };

static size_t http_number(const char *text)
{
    size_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + (size_t)(*text - '0');
    return number;
}

/* Reads one request whose Content-Length is correct. 0: the client is gone. */
static size_t http_read_request(int fd, char *text)
{
    size_t len = 0, want = HTTP_REQUEST_MAX;
    while (len < want) {
        ssize_t n = read(fd, text + len, HTTP_REQUEST_MAX - 1 - len);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        text[len] = '\0';
        const char *body = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        if (body && length)
            want = (size_t)(body + 4 - text) + http_number(length + 16);
    }
    return len;
}

static void http_send_text(int fd, const char *text, size_t len)
{
    if (send(fd, text, len, MSG_NOSIGNAL) < 0)
        _exit(1);
}

static void http_echo(int fd, int connection, const char *request, size_t len)
{
    char head[128];
    int n = snprintf(head, sizeof head, "HTTP/1.1 400 Echo\r\nContent-Length: %zu\r\n\r\n%d ",
                     len + 2, connection);
    http_send_text(fd, head, (size_t)n);
    http_send_text(fd, request, len);
}

static void http_serve(int listener, const char *answer)
{
    static char request[HTTP_REQUEST_MAX];
    for (int connection = 1;; connection++) {
        int fd = accept(listener, NULL, NULL);
        size_t len;
        while ((len = http_read_request(fd, request)) > 0) {
            if (!answer)
                http_echo(fd, connection, request, len);
            else if (*answer)
                http_send_text(fd, answer, strlen(answer));
            if (answer && *answer && !strstr(answer, "Content-Length"))
                break;
        }
        close(fd);
    }
}

static int http_listen_anywhere(int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(fd, 8), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Starts it; answer is the text to send or one of the above. */
static pid_t http_server_start(const char *answer, int *ret_port)
{
    int fd = http_listen_anywhere(ret_port);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(60); /* never outlives the test by much */
        http_serve(fd, answer);
    }
    close(fd);
    return pid;
}

/* Stops it; from here on connections are refused. */
static void http_server_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#endif
