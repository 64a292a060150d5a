#ifndef CLERK_STORE_LOCK_H
#define CLERK_STORE_LOCK_H

#include <signal.h>
#include <stdbool.h>

#include "common/status.h"
#include "worker/store_url.h"

/* Whose turn it is among all processes that write to one SQLite file: an flock(2) on a file beside
 * it. SQLite before 3.51.3 (but for 3.44.6 and 3.50.7) can lose pages when one connection writes
 * while another checkpoints (the WAL-reset bug), and its busy handler lets some writers starve;
 * with the turn held around every write and every checkpoint neither can happen. The kernel gives
 * the turn away when a process dies. */

enum {
    STORE_LOCK_WAIT_S = 10, /* far longer than any honest transaction */
    STORE_LOCK_POLL_S = 3,
};

struct store_lock {
    int fd; /* -1: closed */
    bool held;
    bool polls; /* see store_lock_take(); false after store_lock_open() */
    char path[STORE_PATH_MAX + sizeof(".lock")];
};

/* Opens, and creates with mode 0600, the file DATABASE_PATH.lock; it is never removed, for a waiter
 * would be left behind on the old one. STATUS_UNAVAILABLE: errno says why. Does not block. */
enum status store_lock_open(const char *database_path, struct store_lock *ret_lock) MUST_CHECK;

/* Takes the turn. A free turn is taken at once, even when *stop is set. Otherwise blocks until it
 * is free, *stop is non-zero (STATUS_STOPPED; stop may be NULL), or STORE_LOCK_WAIT_S seconds
 * have passed:
 * STATUS_UNAVAILABLE with ETIMEDOUT, so that a frozen process that holds the turn shows in the logs
 * of the others. Should somebody have removed or replaced the file, the new one is used. Other
 * STATUS_UNAVAILABLE: errno says why. While it waits, SIGALRM and ITIMER_REAL are this function's;
 * but where lock->polls is true it looks again and again, for STORE_LOCK_POLL_S seconds, and leaves
 * both alone: for a thread beside the one that they belong to. */
enum status store_lock_take(struct store_lock *lock, const volatile sig_atomic_t *stop) MUST_CHECK;

/* Takes the turn if it is free; never blocks. */
bool store_lock_try(struct store_lock *lock);

/* Gives the turn away; nothing happens when it is not held. */
void store_lock_give(struct store_lock *lock);

/* Gives the turn away and closes. Repeated calls are fine. */
void store_lock_close(struct store_lock *lock);

#endif
