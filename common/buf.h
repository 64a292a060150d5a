#ifndef CLERK_BUF_H
#define CLERK_BUF_H

#include "common/slice.h"
#include "common/status.h"

/* A growing buffer of bytes that is born with its maximum. Failure is sticky: after an append that
 * did not fit or found no memory the buffer is empty, every later append does nothing, and
 * buf_status() says why, so a caller may append many times and look once. {0} is a buffer with
 * maximum 0, safe to release. */
struct buf {
    char *ptr; /* NUL-terminated whenever it is not NULL */
    size_t len;
    size_t cap;
    size_t max;
    enum status status;
};

/* An empty buffer that will hold at most max bytes (the NUL not counted). Allocates nothing yet. */
struct buf buf_make(size_t max);

/* Frees the memory; the buffer keeps its maximum and can be used again. {0} and repeated calls are
 * fine. */
void buf_release(struct buf *b);

/* Forgets the content and the failure, keeps the memory. */
void buf_clear(struct buf *b);

/* Append bytes, one byte, or printf-formatted text (locale-free conversions only). On overflow the
 * status becomes STATUS_TOO_BIG, without memory STATUS_NO_MEMORY. */
void buf_append(struct buf *b, struct slice bytes);
void buf_append_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends text as a JSON string with its quotes: escapes quotation mark, backslash and control
 * characters; bytes that are not UTF-8 become U+FFFD. */
void buf_append_json(struct buf *b, struct slice text);

/* STATUS_OK, or the first failure since buf_make() or buf_clear(). */
enum status buf_status(const struct buf *b) MUST_CHECK;

/* The content as a slice; valid until the next append, clear or release. */
struct slice buf_slice(const struct buf *b);

/* The content as a NUL-terminated string, "" when empty; valid as long as buf_slice()'s. */
const char *buf_text(const struct buf *b);

/* Hands the memory over (free() it) and leaves the buffer empty; NULL when empty or failed. */
char *buf_take(struct buf *b);

#endif
