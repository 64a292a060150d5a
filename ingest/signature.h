#ifndef CLERK_SIGNATURE_H
#define CLERK_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "common/status.h"

/* Webhook signatures: HMAC-SHA256 over "id.timestamp.body", sent as a space-separated list of
 * "v1,<base64>". Sources: Svix docs (how to verify manually) and the Standard Webhooks
 * specification; the edge cases follow the strictest library. */

enum {
    SIGNATURE_SECRETS_MAX = 16,  /* secrets that count at the same time (rotation) */
    SIGNATURE_KEY_MAX = 512,     /* bytes of a decoded secret */
    SIGNATURE_TEXT_LEN = 3 + 44, /* "v1," and base64 of 32 bytes */
    SIGNATURE_ENTRIES_MAX = 64,  /* entries looked at in one header */
    SIGNATURE_ERROR_MAX = 160,
};

/* The keyed contexts of all configured secrets. Not for use by two threads at once. */
struct signature_keys;

/* The three headers as received, trimmed, and the parts of the body in order. All borrowed. */
struct signed_request {
    /* 1..STREAM_ID_MAX of [A-Za-z0-9_-] */
    struct slice id;
    /* 1..12 ASCII digits without leading zero; its raw text is signed */
    struct slice timestamp;
    struct slice signatures;
    /* body_count pieces, signed one after the other */
    const struct slice *body;
    size_t body_count;
};

/* Reads one or more secrets, separated by spaces, commas or newlines: "whsec_" (optional) and
 * standard base64, padding optional, 1..SIGNATURE_KEY_MAX bytes decoded. Also runs the known-answer
 * self-test, twice on one context (OpenSSL before 3.0.3 answered wrongly on reuse). STATUS_INVALID:
 * ret_error says which secret (by number, never its text) and why. STATUS_FATAL: the self-test
 * failed. */
enum status signature_keys_new(struct slice secrets, struct signature_keys **ret_keys,
                               char ret_error[SIGNATURE_ERROR_MAX]) MUST_CHECK;

/* Wipes and frees. NULL is fine. */
void signature_keys_free(struct signature_keys *keys);

/* Number of secrets. */
size_t signature_keys_count(const struct signature_keys *keys);

/* Checks form, then signature, then age (so that a stranger learns nothing about the clock). A time
 * is inside when |now_s - timestamp| <= tolerance_s. Comparison is constant-time. STATUS_OK;
 * STATUS_MISSING_HEADER: one of the three is empty; STATUS_INVALID: id or timestamp is malformed;
 * STATUS_BAD_SIGNATURE; STATUS_OUT_OF_WINDOW: signed correctly, but too old or too new. */
enum status signature_verify(struct signature_keys *keys, const struct signed_request *request,
                             int64_t now_s, int64_t tolerance_s) MUST_CHECK;

/* Signs with the first secret: ret_text gets "v1,…" and a NUL. For `clerk-ingest send`.
 * STATUS_INVALID: id or timestamp is malformed. */
enum status signature_sign(struct signature_keys *keys, const struct signed_request *request,
                           char ret_text[SIGNATURE_TEXT_LEN + 1]) MUST_CHECK;

/* Name and version of the crypto library in use; a string constant. For --version. */
const char *signature_library(void);

#endif
