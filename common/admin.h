#ifndef CLERK_ADMIN_H
#define CLERK_ADMIN_H

#include <stdbool.h>

#include "common/address.h"
#include "common/buf.h"
#include "common/status.h"

struct event_base;
struct admin;

enum { ADMIN_WHY_MAX = 200, ADMIN_COOKIE_MAX = 200 };

/* A request that the endpoint does not answer by itself. Raw bytes as received, borrowed for the
 * call; a header that is absent is empty. */
struct admin_request {
    bool is_post;                                   /* else GET: others never come this far */
    struct slice path;                              /* up to the '?' */
    struct slice query;                             /* behind it */
    struct slice body;                              /* at most 1 KiB */
    struct slice host, authorization, cookie, csrf; /* csrf: X-CSRF-Token */
};

/* What to send. Prepared as 200, application/json, and an empty text. */
struct admin_reply {
    int code;
    const char *type;              /* static text, as location */
    const char *location;          /* NULL: none */
    int retry_after_s;             /* of Retry-After; 0: none */
    char cookie[ADMIN_COOKIE_MAX]; /* of Set-Cookie; empty: none */
    struct slice fixed;            /* the body, where it is constant; else empty */
    struct buf text;               /* the body otherwise; a failed one is sent as 500 */
};

/* A program's own pages. Both are called on one thread that serves nothing else, so they may block
 * (a connection waits for at most 20 s), but not together with anything else of the program. */
struct admin_page {
    void (*answer)(void *arg, const struct admin_request *request, struct admin_reply *reply);
    void (*tick)(void *arg); /* once a second, not made up for when an answer took longer */
    void *arg;
};

/* What the endpoint asks its program. Called on the loop's thread; must not block. */
struct admin_hooks {
    /* True when the program can do its work; otherwise why (at most ADMIN_WHY_MAX bytes with the
     * NUL) gets one line. */
    bool (*ready)(void *arg, char why[ADMIN_WHY_MAX]);
    /* Appends Prometheus text. */
    void (*metrics)(void *arg, struct buf *out);
    void *arg;
    const struct admin_page *page; /* NULL: there is none */
};

/* Serves GET /livez (200 as long as the loop turns), /readyz (200, or 503 with the reason),
 * /healthz (as /readyz) and /metrics on address, on the given loop, with a 5 s timeout and at most
 * 64 connections. Every other path goes to hooks->page, or is 404 without one; other methods: 405.
 * base and hooks are borrowed until admin_free(). STATUS_UNAVAILABLE: the address cannot be bound,
 * or a page gets no thread (errno says why). STATUS_NO_MEMORY. No connection lives longer than the
 * 5 s, whatever it sends; one whose request is with the page, 20 s. */
enum status admin_new(struct event_base *base, const struct address *address,
                      const struct admin_hooks *hooks, struct admin **ret_admin) MUST_CHECK;

/* The port in use. */
int admin_port(const struct admin *admin);

/* Closes everything. NULL is fine. Call on the loop's thread or when the loop no longer runs. */
void admin_free(struct admin *admin);

/* The same endpoint on a loop and a thread of its own, for a program that has no loop. hooks are
 * called on that thread, which handles no signal: they all go to the program's own threads.
 * Statuses as for admin_new(); STATUS_UNAVAILABLE also when there can be no further thread or pipe.
 */
struct admin_thread;
enum status admin_thread_start(const struct address *address, const struct admin_hooks *hooks,
                               struct admin_thread **ret_thread) MUST_CHECK;

/* The port in use. */
int admin_thread_port(const struct admin_thread *thread);

/* Stops the loop between two requests, joins the thread, frees all. NULL is fine. Blocks for at
 * most the request being answered. */
void admin_thread_stop(struct admin_thread *thread);

#endif
