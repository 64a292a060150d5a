#include "ingest/name_lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/redis_url.h"

struct name_lookup {
    atomic_int owners; /* who asked, and the thread: the last to let go frees */
    atomic_bool done;  /* error and address are written, by the thread, before */
    int error;         /* of getaddrinfo() */
    char address[NAME_ADDRESS_MAX];
    char host[REDIS_URL_HOST_MAX + 1];
};

static int ask(const char *host, int flags, char ret_address[NAME_ADDRESS_MAX])
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
    error = getnameinfo(best->ai_addr, best->ai_addrlen, ret_address, NAME_ADDRESS_MAX, NULL, 0,
                        NI_NUMERICHOST);
    freeaddrinfo(all);
    return error;
}

bool name_is_address(const char *host)
{
    char address[NAME_ADDRESS_MAX];

    return ask(host, AI_NUMERICHOST, address) == 0;
}

void name_lookup_free(struct name_lookup *lookup)
{
    if (lookup && atomic_fetch_sub(&lookup->owners, 1) == 1)
        free(lookup);
}

static void *run(void *arg)
{
    struct name_lookup *lookup = arg;

    lookup->error = ask(lookup->host, 0, lookup->address);
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

enum status name_lookup_start(const char *host, struct name_lookup **ret_lookup)
{
    struct name_lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup)
        return STATUS_NO_MEMORY;
    atomic_init(&lookup->owners, 2);
    snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    if (start_thread(lookup) != 0) {
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

enum status name_lookup_result(const struct name_lookup *lookup, char ret_address[NAME_ADDRESS_MAX],
                               const char **ret_why)
{
    if (lookup->error) {
        *ret_why = gai_strerror(lookup->error);
        return STATUS_UNAVAILABLE;
    }
    memcpy(ret_address, lookup->address, NAME_ADDRESS_MAX);
    return STATUS_OK;
}
