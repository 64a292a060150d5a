#ifndef CLERK_SEND_CLIENT_H
#define CLERK_SEND_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"
#include "ingest/send_answer.h"

/* Posts to one http:// URL over a number of kept-alive connections, each with one request at a
 * time, as Svix does to an endpoint. Works inside an event loop of its own, which the caller runs.
 */
struct event_base;
struct send_client;

enum {
    /* what Svix waits for an answer; source: docs, retries */
    SEND_CLIENT_TIMEOUT_MS = 15000,
    /* what Svix keeps of an answer's body */
    SEND_CLIENT_ANSWER_MAX_BYTES = 20000,
    SEND_CLIENT_ERROR_MAX = 320,
};

/* One header of a request; name and value are borrowed for the call. A line break in either makes
 * the request impossible to make. */
struct send_header {
    const char *name;
    const char *value;
};

/* Takes url apart; connects only when there is something to post. timeout_ms bounds each post as a
 * whole; connections (at least 1) is the number of posts that can be under way. STATUS_INVALID:
 * ret_error says in one line what is wrong with the URL (https:// is: the program has no TLS
 * client). STATUS_NO_MEMORY: ret_error says so. */
enum status send_client_new(const char *url, int timeout_ms, size_t connections,
                            struct send_client **ret_client,
                            char ret_error[SEND_CLIENT_ERROR_MAX]) MUST_CHECK;

/* Closes the connections and frees; posts under way are forgotten without a word. NULL is fine. Not
 * from within a done function. */
void send_client_free(struct send_client *client);

/* The loop, for timers of the caller and for running it. Borrowed. */
struct event_base *send_client_base(struct send_client *client);

/* True when a connection is idle. */
bool send_client_is_free(const struct send_client *client);

/* Tells what came of a post: runs once, later and from the loop. It may post again. */
typedef void send_done_fn(const struct send_answer *answer, void *arg);

/* Posts body with these headers (Host and Content-Length come by themselves) over an idle
 * connection, which there has to be. Nothing is repeated and no redirect is followed. After a
 * failure the connection's next post connects anew. Copies what it is given. Blocks only where a
 * name has to be resolved. */
void send_client_post(struct send_client *client, const struct send_header *headers, size_t count,
                      struct slice body, send_done_fn *done, void *arg);

#endif
