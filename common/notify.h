#ifndef CLERK_NOTIFY_H
#define CLERK_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"

/* Tells the service manager how this process is doing: one datagram for each message to the
 * AF_UNIX socket that it names in NOTIFY_SOCKET, as sd_notify(3) describes it ("Type=notify" and
 * "WatchdogSec=" of a systemd unit). Where no manager asks, and where its socket has gone, nothing
 * happens: being supervised is no condition for working. A NULL notify is nobody to tell. */

enum { NOTIFY_NAME_MAX = 107 }; /* bytes of a socket's name: what struct sockaddr_un holds */

struct notify {
    /* a path, or @ and an abstract name; empty: nobody to tell */
    char name[NOTIFY_NAME_MAX + 1];
    /* without a sign of life for this long we get killed; 0: never */
    int64_t watchdog_ms;
    /* monotonic; signs of life before this are left out */
    int64_t next_ms;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID through lookup. A name of another kind (a
 * relative path, vsock:) or too long counts as none; so does a watchdog that is meant for another
 * process, or whose time is no number. */
struct notify notify_make(conf_lookup_fn *lookup);

/* READY=1: started, the service works. Says nothing else and does not block. */
void notify_ready(const struct notify *n);

/* STOPPING=1: told to stop and about to. Does not block. */
void notify_stopping(const struct notify *n);

/* WATCHDOG=1: the loop still turns. Call it as often as you like, at least every
 * notify_interval_ms(); what would be more than four messages in the watchdog's time is left out.
 * now_ms: monotonic. True when a message was due. Does not block. */
bool notify_alive(struct notify *n, int64_t now_ms);

/* How often notify_alive() is to be called, in ms, at least 1: half of the watchdog's time. 0: no
 * watchdog, never. */
int64_t notify_interval_ms(const struct notify *n);

#endif
