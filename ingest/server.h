#ifndef CLERK_SERVER_H
#define CLERK_SERVER_H

#include "common/conf.h"
#include "common/status.h"
#include "ingest/ingest_conf.h"

/* The running clerk-ingest: one loop that owns the listener, the queue writer, the admin endpoint
 * and the signals.
 *
 *   SIGTERM, SIGINT  stop accepting, answer what is under way (at most SERVER_DRAIN_MS), end with
 *                    STATUS_OK; a second one ends at once with STATUS_STOPPED
 *   SIGHUP           read the secrets again; a list with a fault changes nothing
 *   SIGPIPE          ignored
 */

enum { SERVER_DRAIN_MS = 5000 };

/* Serves until it is told to stop. Takes conf->keys (NULL afterwards), borrows the rest; lookup is
 * for SIGHUP. Blocks until then; logs event=listening once it listens and event=stopped at the
 * end. STATUS_UNAVAILABLE: an address cannot be bound (logged). STATUS_NO_MEMORY: not
 * logged. STATUS_STOPPED: a second signal ended it. */
enum status server_run(struct ingest_conf *conf, conf_lookup_fn *lookup) MUST_CHECK;

/* Name and version of the event library in use, for --version. Static storage; not for two threads.
 */
const char *server_library(void);

#endif
