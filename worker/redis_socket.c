#include "worker/redis_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void redis_socket_end_after(int fd, int64_t ms)
{
    unsigned limit_ms = (unsigned)ms;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
}

void redis_socket_drop_unsent(int fd)
{
    struct linger none = { .l_onoff = 1 };
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}
