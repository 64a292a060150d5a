#ifndef CLERK_REDIS_URL_H
#define CLERK_REDIS_URL_H

#include <stdbool.h>

#include "common/slice.h"
#include "common/status.h"

enum {
    REDIS_URL_HOST_MAX = 255,
    REDIS_URL_AUTH_MAX = 512,
    REDIS_URL_PATH_MAX = 107, /* what a sockaddr_un takes */
    REDIS_URL_MASTER_MAX = 128,
    REDIS_URL_SENTINELS_MAX = 8,
    REDIS_URL_ERROR_MAX = 160,
};

/* A host without the brackets of an IPv6 address, and its port. */
struct redis_place {
    char host[REDIS_URL_HOST_MAX + 1];
    int port;
};

bool redis_place_equals(const struct redis_place *a, const struct redis_place *b);

/* Files for rediss://: whom to trust, and who we are. Borrowed; NULL or "": the system's store, and
 * no certificate. */
struct redis_tls_files {
    const char *ca;
    const char *cert;
    const char *key;
};

/* A Redis address taken apart. All strings NUL-terminated, percent-decoded, without embedded NUL.
 */
struct redis_url {
    /* rediss:// */
    bool tls;
    /* not of the URL: set by whoever reads the settings */
    struct redis_tls_files tls_files;
    /* unix://: path holds the socket, at is unused */
    bool unix_socket;
    /* unused with sentinels, too, which know the place */
    struct redis_place at;
    char path[REDIS_URL_PATH_MAX + 1];
    /* "": none */
    char user[REDIS_URL_AUTH_MAX + 1];
    /* "": none */
    char password[REDIS_URL_AUTH_MAX + 1];
    /* 0..65535 */
    int db;

    /* redis+sentinel://: whom to ask where the master is, and how it is called; user, password and
     * db are the master's. 0 of them with the other kinds. */
    struct redis_place sentinels[REDIS_URL_SENTINELS_MAX];
    size_t sentinel_count;
    char master[REDIS_URL_MASTER_MAX + 1];
    /* for the sentinels; "": none */
    char sentinel_user[REDIS_URL_AUTH_MAX + 1];
    char sentinel_password[REDIS_URL_AUTH_MAX + 1];
};

/* Reads redis://[user][:password@]host[:port][/db], rediss://…,
 * unix://[user][:password@]/path[?db=N], or
 * redis+sentinel://[user][:password@]host[:port][,host…]/MASTER[/db][?sentinel_user=…]
 * [&sentinel_password=…]. Defaults: host 127.0.0.1, port 6379 (a sentinel's: 26379), db 0. Source:
 * the IANA registrations of redis and rediss; for sentinels there is none. STATUS_INVALID:
 * ret_error holds one line that names the fault and never the password; *ret_url is then untouched.
 */
enum status redis_url_parse(struct slice text, struct redis_url *ret_url,
                            char ret_error[REDIS_URL_ERROR_MAX]) MUST_CHECK;

/* Overwrites users and passwords with zeros in a way the compiler keeps; the rest stays. Owns
 * nothing, so there is nothing else to release. */
void redis_url_wipe(struct redis_url *url);

#endif
