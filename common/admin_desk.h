#ifndef CLERK_ADMIN_DESK_H
#define CLERK_ADMIN_DESK_H

#include <stdbool.h>

#include "common/status.h"

struct admin_page;
struct event_base;
struct evhttp_request;

/* Part of admin.c: answers a program's page on a thread of its own, so that /livez never waits for
 * what a page looks at. One request after the other. */
struct admin_desk;

enum {
    ADMIN_JOBS_MAX = 16,     /* requests that wait or are being answered */
    ADMIN_JOB_MS = 20 * 1000 /* for a connection whose request is here */
};

/* page is borrowed until admin_desk_free(); replies are sent from base's loop. STATUS_UNAVAILABLE:
 * no further thread or pipe (errno says why). STATUS_NO_MEMORY. */
enum status admin_desk_new(struct event_base *base, const struct admin_page *page,
                           struct admin_desk **ret_desk) MUST_CHECK;

/* Takes a request whose body is complete; it is replied to later, never inside this call. False:
 * too many are here already, or out of memory; the request is still the caller's. */
bool admin_desk_take(struct admin_desk *desk, struct evhttp_request *req) MUST_CHECK;

/* Ends the thread after the request it is at, and drops what waits: call before evhttp_free(),
 * which frees those requests. NULL is fine. */
void admin_desk_free(struct admin_desk *desk);

#endif
