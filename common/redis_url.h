#ifndef CLERK_REDIS_URL_H
#define CLERK_REDIS_URL_H

#include <stdbool.h>

#include "common/slice.h"
#include "common/status.h"

enum {
    REDIS_URL_HOST_MAX = 255,
    REDIS_URL_AUTH_MAX = 512,
    REDIS_URL_PATH_MAX = 107, /* what a sockaddr_un takes */
    REDIS_URL_ERROR_MAX = 160,
};

/* A Redis address taken apart. All strings NUL-terminated, percent-decoded, without embedded NUL.
 */
struct redis_url {
    /* rediss:// */
    bool tls;
    /* unix://: path holds the socket, host and port are unused */
    bool unix_socket;
    /* without the brackets of an IPv6 address */
    char host[REDIS_URL_HOST_MAX + 1];
    int port;
    char path[REDIS_URL_PATH_MAX + 1];
    /* "": none */
    char user[REDIS_URL_AUTH_MAX + 1];
    /* "": none */
    char password[REDIS_URL_AUTH_MAX + 1];
    /* 0..65535 */
    int db;
};

/* Reads redis://[user][:password@]host[:port][/db], rediss://…, or
 * unix://[user][:password@]/path[?db=N]. Defaults: host 127.0.0.1, port 6379, db 0. Source: the
 * IANA registrations of redis and rediss. STATUS_INVALID: ret_error holds one line that names the
 * fault and never the password; *ret_url is then untouched. */
enum status redis_url_parse(struct slice text, struct redis_url *ret_url,
                            char ret_error[REDIS_URL_ERROR_MAX]) MUST_CHECK;

/* Overwrites user and password with zeros in a way the compiler keeps; the rest stays. Owns
 * nothing, so there is nothing else to release. */
void redis_url_wipe(struct redis_url *url);

#endif
