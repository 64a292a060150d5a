#ifndef CLERK_SLICE_H
#define CLERK_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes from outside: borrowed, not NUL-terminated, passed by value. An empty slice may have any
 * ptr, NULL included. */
struct slice {
    const char *ptr;
    size_t len;
};

/* A slice over a string literal. */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

/* For printf's "%.*s": SLICE_ARG(s) expands to the two arguments. */
#define SLICE_ARG(s) (int)(s).len, (s).len ? (s).ptr : ""

/* A slice over a NUL-terminated string; NULL gives the empty slice. Borrows text. */
struct slice slice_of(const char *text);

/* True when both hold the same bytes. Not constant-time: never for secrets. */
bool slice_equals(struct slice a, struct slice b);

/* As slice_equals, but A-Z and a-z are the same (ASCII only). For header names. */
bool slice_equals_nocase(struct slice a, struct slice b);

/* Orders bytewise like memcmp, a shorter prefix first: negative, 0, positive. */
int slice_compare(struct slice a, struct slice b);

/* True when s begins (ends) with these bytes. */
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_ends_with(struct slice s, struct slice suffix);

/* Cuts prefix off *s and returns true, or leaves *s alone and returns false. */
bool slice_drop_prefix(struct slice *s, struct slice prefix);

/* Without leading and trailing space, HTAB, CR and LF. */
struct slice slice_trim(struct slice s);

/* The position of the first c, or s.len where there is none. */
size_t slice_find(struct slice s, char c);

/* Takes the next piece of *rest up to (not including) separator. Empty pieces are returned like
 * others: "a,,b" has three; a separator at the very end adds none. False, with *ret_piece
 * untouched, once *rest is used up (rest->ptr is NULL then). Start with rest over the whole text;
 * an empty text has no piece. */
bool slice_split(struct slice *rest, char separator, struct slice *ret_piece);

/* As slice_split, but on any run of spaces, HTABs, CRs, LFs and commas; pieces are never empty. For
 * settings. */
bool slice_next_word(struct slice *rest, struct slice *ret_word);

/* Reads all of s as a decimal number, an optional '-' first, without other signs, spaces or more
 * than 19 digits, and within min..max. False (ret_number untouched) for anything else. */
bool slice_to_i64(struct slice s, int64_t min, int64_t max, int64_t *ret_number);

/* A NUL-terminated copy on the heap, yours to free(); NULL when memory is out. */
char *slice_dup(struct slice s);

#endif
