#ifndef CLERK_ADDRESS_H
#define CLERK_ADDRESS_H

#include "common/slice.h"
#include "common/status.h"

enum { ADDRESS_HOST_MAX = 255 };

/* A listen address of the settings. */
struct address {
    char host[ADDRESS_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
    int port;                        /* 0..65535; 0: the kernel picks one */
};

/* Reads HOST:PORT, [IPv6]:PORT or :PORT (all addresses). STATUS_INVALID otherwise. */
enum status address_parse(struct slice text, struct address *ret_address) MUST_CHECK;

/* Opens a listening TCP socket there, non-blocking, close-on-exec, SO_REUSEADDR, and SO_REUSEPORT
 * when share is true (several processes then share the port). *ret_fd is yours to close. *ret_port:
 * the port in use, for port 0. STATUS_UNAVAILABLE: errno says why. Resolves host with getaddrinfo
 * (numeric hosts do not block). */
enum status address_listen(const struct address *address, int share, int *ret_fd,
                           int *ret_port) MUST_CHECK;

/* Fetches path with GET over HTTP/1.0 from address (0.0.0.0 and :: mean loopback) and returns the
 * status code, or 0 when there is no answer within timeout_ms. Blocks. For the programs' own
 * --healthcheck. */
int address_http_status(const struct address *address, const char *path, int timeout_ms);

#endif
