#include "common/address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

enum { PORT_MAX = 65535, PORT_TEXT_MAX = 8, REQUEST_MAX = 256 };

/* Cuts the host off text: HOST:, [IPv6]: or nothing before the ':'. */
static bool take_host(struct slice *text, struct slice *ret_host)
{
    bool bracketed = slice_drop_prefix(text, SLICE("["));
    size_t len = slice_find(*text, bracketed ? ']' : ':');

    if (len > ADDRESS_HOST_MAX || len == text->len || (bracketed && len == 0))
        return false;
    *ret_host = (struct slice){ text->ptr, len };
    *text = (struct slice){ text->ptr + len, text->len - len };
    return slice_drop_prefix(text, bracketed ? SLICE("]:") : SLICE(":"));
}

static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr(".-_:%", c) != NULL;
}

enum status address_parse(struct slice text, struct address *ret_address)
{
    struct address address = { .port = 0 };
    struct slice host;
    int64_t port;

    if (!take_host(&text, &host) || !slice_to_i64(text, 0, PORT_MAX, &port))
        return STATUS_INVALID;
    if (host.len == 0)
        host = SLICE("0.0.0.0");
    for (size_t i = 0; i < host.len; i++)
        if (host.ptr[i] == '\0' || !is_host_byte(host.ptr[i]))
            return STATUS_INVALID;
    memcpy(address.host, host.ptr, host.len);
    address.port = (int)port;
    *ret_address = address;
    return STATUS_OK;
}

/* Returns the first address of host, or NULL with errno; freeaddrinfo() it. */
static struct addrinfo *resolve(const char *host, int port, int flags)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char service[PORT_TEXT_MAX];
    int rc;

    hints.ai_flags = flags | AI_NUMERICSERV;
    (void)snprintf(service, sizeof(service), "%d", port);
    rc = getaddrinfo(host, service, &hints, &found);
    if (rc == 0)
        return found;
    if (rc != EAI_SYSTEM)
        errno = EADDRNOTAVAIL; /* the nearest errno has to "no such host" */
    return NULL;
}

static int close_keeping_errno(int fd)
{
    int saved_errno = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = saved_errno;
    return -1;
}

static int open_listener(const struct addrinfo *ai, int share)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return close_keeping_errno(fd);
    if (share && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
        return close_keeping_errno(fd);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0)
        return close_keeping_errno(fd);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof(name);
    char service[PORT_TEXT_MAX];
    int64_t port;

    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return -1;
    if (getnameinfo((struct sockaddr *)&name, len, NULL, 0, service, sizeof(service),
                    NI_NUMERICSERV) != 0)
        return -1;
    return slice_to_i64(slice_of(service), 1, PORT_MAX, &port) ? (int)port : -1;
}

enum status address_listen(const struct address *address, int share, int *ret_fd, int *ret_port)
{
    struct addrinfo *ai = resolve(address->host, address->port, AI_PASSIVE);
    int fd = ai ? open_listener(ai, share) : -1;
    int port = fd >= 0 ? port_of(fd) : -1;

    if (ai != NULL)
        freeaddrinfo(ai);
    if (port < 0) {
        (void)close_keeping_errno(fd);
        return STATUS_UNAVAILABLE;
    }
    *ret_fd = fd;
    *ret_port = port;
    return STATUS_OK;
}

/* Waits for events on fd until deadline_ms of the monotonic clock. */
static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    struct pollfd pfd = { .fd = fd, .events = events };
    int64_t left_ms = deadline_ms - clock_system.mono_ms();
    int rc;

    do {
        rc = left_ms > 0 ? poll(&pfd, 1, (int)left_ms) : 0;
        left_ms = deadline_ms - clock_system.mono_ms();
    } while (rc < 0 && errno == EINTR);
    return rc > 0;
}

static int open_connection(const struct address *address, int64_t deadline_ms)
{
    const char *host = address->host;
    struct addrinfo *ai;
    int fd = -1;
    int fault = 0;
    socklen_t len = sizeof(fault);

    if (strcmp(host, "0.0.0.0") == 0)
        host = "127.0.0.1";
    else if (strcmp(host, "::") == 0)
        host = "::1";
    ai = resolve(host, address->port, 0);
    if (ai != NULL)
        fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS)
        fd = close_keeping_errno(fd);
    if (ai != NULL)
        freeaddrinfo(ai);
    if (fd < 0)
        return -1;
    if (!wait_for(fd, POLLOUT, deadline_ms) ||
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0 || fault != 0)
        return close_keeping_errno(fd);
    return fd;
}

/* Reads until text holds "HTTP/1.x NNN" and returns NNN, or 0. */
static int read_status(int fd, int64_t deadline_ms)
{
    enum { STATUS_BEGIN = 9, STATUS_END = 12 };
    char text[STATUS_END];
    size_t len = 0;
    int64_t code = 0;

    while (len < sizeof(text)) {
        ssize_t got = wait_for(fd, POLLIN, deadline_ms)
                          ? recv(fd, text + len, sizeof(text) - len, 0)
                          : 0;
        if (got <= 0)
            return 0;
        len += (size_t)got;
    }
    if (memcmp(text, "HTTP/1.", 7) != 0 ||
        !slice_to_i64((struct slice){ text + STATUS_BEGIN, STATUS_END - STATUS_BEGIN }, 100, 599,
                      &code))
        return 0;
    return (int)code;
}

int address_http_status(const struct address *address, const char *path, int timeout_ms)
{
    int64_t deadline_ms = clock_system.mono_ms() + timeout_ms;
    char request[REQUEST_MAX];
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nConnection: close\r\n\r\n",
                       path);
    int fd = open_connection(address, deadline_ms);
    int code = 0;

    if (fd < 0 || len < 0 || (size_t)len >= sizeof(request))
        goto out;
    /* So short a request always fits into the buffer of a fresh socket at once. */
    if (send(fd, request, (size_t)len, MSG_NOSIGNAL) == len)
        code = read_status(fd, deadline_ms);
out:
    (void)close_keeping_errno(fd);
    return code;
}
