#ifndef CLERK_SEND_ITEMS_H
#define CLERK_SEND_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"
#include "common/status.h"
#include "ingest/send_args.h"
#include "ingest/send_chain.h"

/* What a command line of `clerk-ingest send` asks to be sent in each round. */

enum {
    SEND_FILE_MAX_BYTES = 16 * 1024 * 1024,
    SEND_ITEMS_MAX = 10000,
    SEND_ITEMS_ERROR_MAX = 320,
};

/* One event of a round. Samples are borrowed from the program itself, files are held in memory from
 * before the first request on: what is missing or too long is found before anything is sent, and
 * standard input can be sent in several rounds. */
struct send_item {
    /* the target it comes from; borrowed from argv or the sample table */
    const char *name;
    /* refreshed each round; files are sent as they are */
    bool is_sample;
    /* before refresh and overrides */
    struct slice body;
    /* heap memory behind body; NULL for samples */
    char *file;
};

/* One round, in the order of sending. Owns the files' memory and the list. */
struct send_items {
    struct send_item *items;
    size_t count;
};

/* True when the target of a command line names a file: it holds a '/', ends in ".json", ".ndjson"
 * or ".jsonl", or is "-" (standard input). A file is one event, byte for byte; it is one event on
 * each line where its name ends in ".ndjson" or ".jsonl", or its first line is a whole JSON object
 * and more follows. Otherwise the target is a type or a pattern of types. */
bool send_items_is_file(const char *target);

/* Looks up the samples and reads the files, in the order of the command line; what one pattern (or
 * --all) finds is in causal order. STATUS_INVALID: ret_error says in one line which target is wrong
 * and why. STATUS_NO_MEMORY: likewise. Blocks while it reads. */
enum status send_items_find(const struct send_args *args, struct send_items *ret_items,
                            char ret_error[SEND_ITEMS_ERROR_MAX]) MUST_CHECK;

/* Appends what goes over the wire: the sample refreshed with seed and now_ms (see
 * sample_refresh.h), or the file's bytes with the references that chain knows (see send_chain.h);
 * then the overrides of args in their order. An override whose value refers to something that was
 * not sent yet is left out. The result is noted in chain. STATUS_INVALID: not one JSON object,
 * though there are overrides, or one of them does not fit. STATUS_TOO_BIG, STATUS_NO_MEMORY: as in
 * buf.h. */
enum status send_item_render(const struct send_item *item, const struct send_args *args,
                             uint64_t seed, int64_t now_ms, struct send_chain *chain,
                             struct buf *out) MUST_CHECK;

/* Frees everything, the memory behind the bodies included, so that no turn or job of it may be
 * rendered any more. {0} is fine. */
void send_items_release(struct send_items *items);

#endif
