#ifndef CLERK_BENCH_LOAD_H
#define CLERK_BENCH_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "event_mix.h"

enum { LOAD_LINKS_MAX = 64 };

/* The load generator: bench-load post|fill OPTION=VALUE…; main() in load.c reads the options. */

struct load {
    const char *host; /* an IPv4 address */
    uint16_t port;
    const char *key;    /* fill: the stream */
    const char *secret; /* post: whsec_… */
    struct event_mix *mix;
    uint64_t first; /* number of the first event */
    uint64_t count;
    uint64_t connections; /* post: at most that many at once; fill: entries under way at once */
    uint64_t links;       /* fill: connections to Redis that share them, at most LOAD_LINKS_MAX */
    uint64_t rate;        /* post: events per second; 0: as fast as they are answered */
    uint64_t bad;         /* post: every bad-th request carries a wrong signature; 0: none */
    bool fresh;           /* post: a new connection for each request */
    bool retry;           /* post: repeats what was not answered 200, as Svix does, only sooner */
    FILE *log; /* post: "number start_us answered_us" for each 200, wall clock; or NULL */
};

/* Posts signed events over HTTP and prints one JSON object with counts and latencies. False: could
 * not begin. Blocks. */
bool load_post(const struct load *load);

/* Writes the same events straight into the stream, as clerk-ingest would, and prints one JSON
 * object with the time it took. With one link the order is kept. False: Redis refused. Blocks. */
bool load_fill(const struct load *load);

#endif
