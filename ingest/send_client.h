#ifndef CLERK_SEND_CLIENT_H
#define CLERK_SEND_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

/* Posts to one http:// URL, one request after the other on one kept-alive connection, as Svix does
 * to an endpoint. Has an event loop of its own that runs only inside send_client_post(). */
struct send_client;

enum {
    SEND_CLIENT_TIMEOUT_MS = 15000,       /* what Svix waits for an answer; source: docs, retries */
    SEND_CLIENT_ANSWER_MAX_BYTES = 20000, /* what Svix keeps of an answer's body */
    SEND_CLIENT_TEXT_MAX = 200,
    SEND_CLIENT_ERROR_MAX = 320,
};

/* One header of a request; name and value are borrowed for the call. A line break in either makes
 * the request impossible to make. */
struct send_header {
    const char *name;
    const char *value;
};

/* What came back, or why nothing did. Only the code decides: Svix counts 2xx as delivered. */
struct send_answer {
    int code;           /* 100..599; 0: none came */
    int64_t elapsed_us; /* from asking to the whole answer, connecting included */
    char
        text[SEND_CLIENT_TEXT_MAX + 1]; /* one printable line: the "error" of the body if there is
                                           one, the body's beginning if not; why none came, for 0 */
};

/* Takes url apart; connects only when there is something to post. timeout_ms bounds each post as a
 * whole. STATUS_INVALID: ret_error says in one line what is wrong with the URL (https:// is: the
 * program has no TLS client). STATUS_NO_MEMORY: ret_error says so. */
enum status send_client_new(const char *url, int timeout_ms, struct send_client **ret_client,
                            char ret_error[SEND_CLIENT_ERROR_MAX]) MUST_CHECK;

/* Closes the connection and frees. NULL is fine. */
void send_client_free(struct send_client *client);

/* Posts body with these headers (Host and Content-Length come by themselves) and waits for the
 * answer. Nothing is repeated and no redirect is followed. After a failure the next call connects
 * anew. Always fills *ret_answer. Blocks for at most the timeout (name resolution comes on top). */
void send_client_post(struct send_client *client, const struct send_header *headers, size_t count,
                      struct slice body, struct send_answer *ret_answer);

#endif
