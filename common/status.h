#ifndef CLERK_STATUS_H
#define CLERK_STATUS_H

/* The result of everything that can fail. Results other than the status come back through ret_
 * parameters, which are written only when the status is STATUS_OK (or where a header says
 * otherwise). */

/* Put before a prototype whose status must be looked at; ignoring one on purpose is spelled
 * status_ignore().
 */
#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,

    /* Input that cannot be used; whoever sent it has to change it. */
    /* malformed */
    STATUS_INVALID,
    /* over a bound named in the header concerned */
    STATUS_TOO_BIG,
    /* no such key, row, entry, or the end of an iteration */
    STATUS_NOT_FOUND,
    /* a webhook header is absent or empty */
    STATUS_MISSING_HEADER,
    /* no signature of the list matches any secret */
    STATUS_BAD_SIGNATURE,
    /* the webhook's timestamp is outside the tolerance */
    STATUS_OUT_OF_WINDOW,

    /* What the ledger or the ordering guard says of an event that is well-formed. */
    /* this svix-id has been recorded before */
    STATUS_DUPLICATE,
    /* the row is newer, or a tombstone forbids it */
    STATUS_STALE,

    /* The three kinds of trouble. */
    /* world: Redis or the database is away, full, locked; keep everything, try again later */
    STATUS_UNAVAILABLE,
    /* data: this one event cannot be applied, others can */
    STATUS_BAD_DATA,
    /* operator: a person must act (corrupt file, schema too new, wrong password) */
    STATUS_FATAL,

    /* an allocation failed */
    STATUS_NO_MEMORY,
    /* the stop flag was seen while waiting */
    STATUS_STOPPED,

    STATUS_COUNT
};

/* Ignores a status on purpose; gcc does not take a plain (void) for that. Say why beside it. */
static inline void status_ignore(enum status status)
{
    (void)status;
}

/* The name used in logs, for instance "bad_signature"; "unknown" for a value outside the enum.
 * Never NULL. */
const char *status_name(enum status status);

#endif
