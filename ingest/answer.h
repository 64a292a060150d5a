#ifndef CLERK_ANSWER_H
#define CLERK_ANSWER_H

#include <stdbool.h>

#include "common/clock.h"
#include "common/counters.h"

struct evhttp_request;

/* Everything that clerk-ingest ever says on the webhook port: one table of codes, headers and JSON
 * bodies. Never 410 (Svix would disable the endpoint) and never a redirect. The quoted texts are
 * the "error" of the body; Svix shows them to whoever set the endpoint up, so they are part of the
 * interface. */

enum answer {
    ANSWER_RECEIVED,       /* 200 {"received":true} */
    ANSWER_MISSING_HEADER, /* 400 "Missing required webhook headers" */
    ANSWER_BAD_SIGNATURE,  /* 400 "Invalid signature" */
    ANSWER_BAD_TIMESTAMP,  /* 400 "Timestamp outside tolerance" */
    ANSWER_MALFORMED,      /* 400 "Malformed request" */
    ANSWER_NOT_FOUND,      /* 404 "Not found" */
    ANSWER_BAD_METHOD,     /* 405 "Method not allowed", Allow: POST */
    ANSWER_TOO_BIG,        /* 413 "Body too large" */
    ANSWER_UNAVAILABLE,    /* 503 "Queue unavailable", Retry-After: 5 */
};

enum { ANSWER_DATE_MAX = 32 };

/* What all answers have in common. */
struct answers {
    const struct counters *counters; /* of ingest_counters.h */
    const struct clock *clock;
    int64_t date_s; /* the second that date stands for */
    char date[ANSWER_DATE_MAX];
};

/* Both are borrowed for the life of what is returned. */
struct answers answers_make(const struct counters *counters, const struct clock *clock);

/* Sends the answer, counts it, and so lets go of request, which must not be touched afterwards.
 * close: ends the connection once the answer is out, as every 4xx does. Does not block. Where the
 * connection is gone already, the answer is dropped. */
void answers_send(struct answers *answers, struct evhttp_request *request, enum answer answer,
                  bool close);

/* As answers_send(), and has the socket take the answer before it returns. Not from within a
 * callback of evhttp: the connection may be closed and freed at once, or go on to its next request.
 */
void answers_send_now(struct answers *answers, struct evhttp_request *request, enum answer answer,
                      bool close);

#endif
