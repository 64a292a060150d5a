#ifndef CLERK_SECRET_H
#define CLERK_SECRET_H

#include <stddef.h>

#include "common/slice.h"
#include "common/status.h"

/* The text form of a signing secret: "whsec_" and standard base64 (RFC 4648, section 4). A decoder
 * of our own, because OpenSSL's counts padding as data and takes "-" for the end of the text. */

/* Decodes one secret, without white space around it, into key (capacity bytes). The prefix "whsec_"
 * may be absent, and so may the padding; padding that is there has to be right, and the unused bits
 * of the last character have to be zero. At least one byte has to come out: an empty key would let
 * everybody sign. *ret_len: the bytes written. STATUS_INVALID: *ret_why, a string constant, says
 * what is wrong without repeating any of the text; key may hold a part of the secret, so wipe it in
 * either case. Never blocks, owns nothing. */
enum status secret_decode(struct slice text, unsigned char *key, size_t capacity, size_t *ret_len,
                          const char **ret_why) MUST_CHECK;

#endif
