#ifndef CLERK_SEND_LOAD_H
#define CLERK_SEND_LOAD_H

#include <stdint.h>

#include "common/status.h"

struct send_args;
struct send_client;
struct send_report;
struct send_source;
struct signature_keys;

/* The run itself: takes turns from the source and posts them, over as many connections and at the
 * rate that args ask for, and repeats what they ask to repeat. A rate that could not be kept for a
 * while is caught up with. */

enum {
    /* deliveries that wait to be repeated; at this many, and */
    SEND_HELD_MAX = 1024,
    /* at this many bytes of bodies, no new ones begin */
    SEND_HELD_BYTES = 64 * 1024 * 1024,
};

/* Everything is borrowed for the call. seed: where the random part of the svix-ids starts. Blocks
 * until everything is sent, or until SIGINT: then nothing is begun or repeated any more, what is
 * under way is waited for, and the status is STATUS_STOPPED; a second SIGINT ends the program.
 * Other failures: the first event that could not be rendered or signed ended the run. */
enum status send_load_run(const struct send_args *args, struct send_source *source,
                          struct signature_keys *keys, struct send_client *client,
                          struct send_report *report, uint64_t seed) MUST_CHECK;

#endif
