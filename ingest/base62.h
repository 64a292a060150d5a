#ifndef CLERK_BASE62_H
#define CLERK_BASE62_H

#include <stddef.h>
#include <stdint.h>

/* The text that Clerk and Svix put behind the prefix of an id: a KSUID, written in 0-9, A-Z, a-z.
 * Source: svix-webhooks, KsuidMs. */

enum { BASE62_ID_LEN = 27 };

/* Writes len characters that look random and depend on seed alone (no NUL behind them). Equal seeds
 * give equal text; two different seeds give the same 27 characters about never. Not for secrets:
 * whoever knows the seed knows the text. */
void base62_fill(uint64_t seed, char *ret_text, size_t len);

#endif
