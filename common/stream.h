#ifndef CLERK_STREAM_H
#define CLERK_STREAM_H

/* The contract between clerk-ingest and clerk-worker, and with anyone who looks in with redis-cli
 * (Redis 7.0 or newer, Valkey).
 *
 * XADD clerk:events * id <svix-id> type <event type> ts <svix-timestamp> received <wall ms> body
 *      <exact bytes>
 *
 * One stream, one consumer group, created at id 0 with MKSTREAM by whichever program comes first,
 * so that nothing that arrived before the first worker is skipped. After its COMMIT a worker sends
 * XDEL and XACK together: XLEN is the true backlog. The stream is never trimmed by MAXLEN: that
 * would drop unprocessed webhooks. */

#define STREAM_KEY_DEFAULT   "clerk:events"
#define STREAM_GROUP_DEFAULT "workers"

/* The fields of an entry, in the order in which they are written. Readers find them by name. */
#define STREAM_FIELD_ID       "id"       /* svix-id: the idempotency key */
#define STREAM_FIELD_TYPE     "type"     /* event type; empty where the body names none */
#define STREAM_FIELD_TS       "ts"       /* svix-timestamp of the attempt, Unix seconds */
#define STREAM_FIELD_RECEIVED "received" /* wall clock of ingest, Unix milliseconds */
#define STREAM_FIELD_BODY     "body"     /* the exact bytes received */

enum {
    /* bytes of a svix-id, of [A-Za-z0-9_-] */
    STREAM_ID_MAX = 256,
    /* bytes of a type; a longer one is stored as empty and the worker decides */
    STREAM_TYPE_MAX = 128,
};

#endif
