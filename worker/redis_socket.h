#ifndef CLERK_REDIS_SOCKET_H
#define CLERK_REDIS_SOCKET_H

#include <stdint.h>

/* What a connection to Redis asks of the kernel. fd: a connected stream socket; where it is of
 * another kind, or none, nothing happens. Neither blocks. */

/* Ends the connection with ETIMEDOUT when what was sent is not acknowledged for ms milliseconds:
 * the other host is gone, and its answer need not be waited for. Source: tcp(7),
 * TCP_USER_TIMEOUT. */
void redis_socket_end_after(int fd, int64_t ms);

/* To be called before close(): what is unsent then is dropped, so that it cannot arrive later, as a
 * read would that takes entries for nobody. Source: socket(7), SO_LINGER. */
void redis_socket_drop_unsent(int fd);

#endif
