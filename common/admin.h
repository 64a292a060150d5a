#ifndef CLERK_ADMIN_H
#define CLERK_ADMIN_H

#include <stdbool.h>

#include "common/address.h"
#include "common/buf.h"
#include "common/status.h"

struct event_base;
struct admin;

enum { ADMIN_WHY_MAX = 200 };

/* What the endpoint asks its program. Called on the loop's thread; must not block. */
struct admin_hooks {
    /* True when the program can do its work; otherwise why (at most ADMIN_WHY_MAX bytes with the
     * NUL) gets one line. */
    bool (*ready)(void *arg, char why[ADMIN_WHY_MAX]);
    /* Appends Prometheus text. */
    void (*metrics)(void *arg, struct buf *out);
    void *arg;
};

/* Serves GET /livez (200 as long as the loop turns), /readyz (200, or 503 with the reason),
 * /healthz (as /readyz) and /metrics on address, on the given loop, with a 5 s timeout and at most
 * 64 connections. Everything else: 404, other methods: 405. base and hooks are borrowed until
 * admin_free(). STATUS_UNAVAILABLE: the address cannot be bound (errno says why). STATUS_NO_MEMORY.
 * No connection lives longer than the 5 s, whatever it sends. */
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
