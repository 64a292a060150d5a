#include "ingest/name_lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/redis_sentinel.h"

struct name_lookup {
    atomic_int owners; /* who asked, and the thread: the last to let go frees */
    atomic_bool done;  /* place and why are written, by the thread, before */
    struct redis_place place;
    char why[REDIS_SENTINEL_WHY_MAX]; /* "": place is found */
    size_t first;
    struct redis_url url;
};

enum { ADDRESS_MAX = sizeof(((struct redis_place *)NULL)->host) };

static int ask(const char *host, int flags, char ret_address[ADDRESS_MAX])
{
    const struct addrinfo hints = { .ai_flags = flags, .ai_socktype = SOCK_STREAM };
    struct addrinfo *all = NULL;
    int error = getaddrinfo(host, NULL, &hints, &all);
    const struct addrinfo *best = all;

    if (error)
        return error;
    if (!all) /* POSIX promises one address at least */
        return EAI_NONAME;
    while (best && best->ai_family != AF_INET)
        best = best->ai_next;
    if (!best)
        best = all;
    error = getnameinfo(best->ai_addr, best->ai_addrlen, ret_address, ADDRESS_MAX, NULL, 0,
                        NI_NUMERICHOST);
    freeaddrinfo(all);
    return error;
}

bool name_is_address(const char *host)
{
    char address[ADDRESS_MAX];

    return ask(host, AI_NUMERICHOST, address) == 0;
}

void name_lookup_free(struct name_lookup *lookup)
{
    if (!lookup || atomic_fetch_sub(&lookup->owners, 1) != 1)
        return;
    redis_url_wipe(&lookup->url);
    free(lookup);
}

static enum status look_up(struct name_lookup *lookup)
{
    struct redis_place named = lookup->url.at;
    enum status st = STATUS_OK;
    int error;

    if (lookup->url.sentinel_count > 0)
        st = redis_sentinel_ask(&lookup->url, lookup->first, &named, lookup->why);
    if (st != STATUS_OK)
        return st;
    error = ask(named.host, 0, lookup->place.host);
    if (error)
        snprintf(lookup->why, sizeof(lookup->why), "%s", gai_strerror(error));
    else
        lookup->why[0] = '\0'; /* of a sentinel before the one that answered */
    lookup->place.port = named.port;
    return STATUS_OK;
}

static void *run(void *arg)
{
    struct name_lookup *lookup = arg;

    if (look_up(lookup) == STATUS_NO_MEMORY)
        snprintf(lookup->why, sizeof(lookup->why), "out of memory");
    atomic_store(&lookup->done, true);
    name_lookup_free(lookup);
    return NULL;
}

/* Signals are the loop's: the thread inherits a mask that blocks them all. */
static int start_thread(struct name_lookup *lookup)
{
    sigset_t all, before;
    pthread_t thread;
    int error;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, NULL, run, lookup);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        (void)pthread_detach(thread);
    return error;
}

enum status name_lookup_start(const struct redis_url *url, size_t first,
                              struct name_lookup **ret_lookup)
{
    struct name_lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup)
        return STATUS_NO_MEMORY;
    atomic_init(&lookup->owners, 2);
    lookup->url = *url;
    lookup->first = first;
    if (start_thread(lookup) != 0) {
        redis_url_wipe(&lookup->url);
        free(lookup);
        return STATUS_NO_MEMORY;
    }
    *ret_lookup = lookup;
    return STATUS_OK;
}

bool name_lookup_is_done(const struct name_lookup *lookup)
{
    return atomic_load(&lookup->done);
}

enum status name_lookup_result(const struct name_lookup *lookup, struct redis_place *ret_place,
                               const char **ret_why)
{
    if (lookup->why[0] != '\0') {
        *ret_why = lookup->why;
        return STATUS_UNAVAILABLE;
    }
    *ret_place = lookup->place;
    return STATUS_OK;
}
