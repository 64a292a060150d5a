#ifndef CLERK_WORKER_H
#define CLERK_WORKER_H

#include <signal.h>

#include "common/clock.h"
#include "common/notify.h"
#include "common/status.h"
#include "worker/worker_conf.h"

/* The loop: read a batch, decode, apply in one transaction, commit, acknowledge together with the
 * next read. Synchronous, and read from top to bottom in worker_run(). */

/* Runs until *stop becomes non-zero: opens the database (waiting for it when the world is in its
 * way), reads the stream, and goes on by itself after every outage of Redis or the database. Logs.
 * Blocks. STATUS_OK: stopped on request; everything committed is acknowledged as far as Redis could
 * be reached. STATUS_FATAL: a person must act, the log's last line says on what. STATUS_NO_MEMORY:
 * as it says. notify (borrowed, NULL: nobody) hears when the database is open, at every turn and in
 * every outage that the loop lives, and when it stops. */
enum status worker_run(const struct worker_conf *conf, const struct clock *clock,
                       const volatile sig_atomic_t *stop, struct notify *notify) MUST_CHECK;

#endif
