#ifndef CLERK_SEND_CHAIN_H
#define CLERK_SEND_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/slice.h"

/* What was sent last, so that a later event can belong to it: "${user.id}" stands for the id of the
 * object in the latest event whose type begins with "user.". */

enum { SEND_CHAIN_MAX = 64, SEND_CHAIN_PREFIX_MAX = 63, SEND_CHAIN_ID_MAX = 127 };

struct send_chain_link {
    char prefix[SEND_CHAIN_PREFIX_MAX + 1];
    char id[SEND_CHAIN_ID_MAX + 1];
};

/* {0} remembers nothing yet. Of more than SEND_CHAIN_MAX prefixes the later ones are forgotten. */
struct send_chain {
    struct send_chain_link links[SEND_CHAIN_MAX];
    size_t count;
};

/* The id of the object that body, an event, is about: the raw text of data.id, empty where that is
 * missing or no string. Borrowed from body. */
struct slice send_object_id(struct slice body);

/* Remembers body's type and id. What has none, or one that would not fit between quotes, is passed
 * over. */
void send_chain_note(struct send_chain *chain, struct slice body);

/* Appends text to out, each reference replaced whose prefix is known; the others, and anything else
 * that begins with "${", stay as they are. False: something that looks like a reference stayed. */
bool send_chain_fill(const struct send_chain *chain, struct slice text, struct buf *out);

#endif
