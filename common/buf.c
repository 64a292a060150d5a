#include "common/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

enum { CAP_MIN = 64 };

struct buf buf_make(size_t max)
{
    return (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
    free(b->ptr);
    *b = buf_make(b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->status = STATUS_OK;
    if (b->ptr != NULL)
        b->ptr[0] = '\0';
}

static bool fail(struct buf *b, enum status why)
{
    buf_clear(b);
    b->status = why;
    return false;
}

/* Makes room for extra more bytes and the NUL. */
static bool reserve(struct buf *b, size_t extra)
{
    size_t need;
    size_t cap;
    char *ptr;

    if (b->status != STATUS_OK)
        return false;
    if (extra > b->max - b->len || b->max == SIZE_MAX)
        return fail(b, STATUS_TOO_BIG);
    need = b->len + extra + 1;
    if (need <= b->cap)
        return true;
    cap = need > b->max / 2 ? b->max + 1 : need * 2;
    if (cap < CAP_MIN && b->max >= CAP_MIN)
        cap = CAP_MIN;
    ptr = realloc(b->ptr, cap);
    if (ptr == NULL)
        return fail(b, STATUS_NO_MEMORY);
    b->ptr = ptr;
    b->cap = cap;
    b->ptr[b->len] = '\0';
    return true;
}

void buf_append(struct buf *b, struct slice bytes)
{
    if (bytes.len == 0 || !reserve(b, bytes.len))
        return;
    memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
    b->len += bytes.len;
    b->ptr[b->len] = '\0';
}

void buf_append_char(struct buf *b, char c)
{
    buf_append(b, (struct slice){ &c, 1 });
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        (void)fail(b, STATUS_INVALID);
    if (len <= 0 || !reserve(b, (size_t)len))
        return;
    va_start(args, format);
    (void)vsnprintf(b->ptr + b->len, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

static void append_json_ascii(struct buf *b, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    const char *hit = c != '\0' ? strchr(from, c) : NULL;

    if (hit != NULL) {
        buf_append_char(b, '\\');
        buf_append_char(b, to[hit - from]);
        return;
    }
    if ((unsigned char)c < 0x20 || c == 0x7F)
        buf_printf(b, "\\u%04x", (unsigned)c);
    else
        buf_append_char(b, c);
}

void buf_append_json(struct buf *b, struct slice text)
{
    buf_append_char(b, '"');
    while (text.len > 0 && b->status == STATUS_OK) {
        size_t len = utf8_sequence(text);
        size_t step = len > 0 ? len : 1;

        if (len == 0)
            buf_append(b, UTF8_REPLACEMENT);
        else if (len == 1)
            append_json_ascii(b, text.ptr[0]);
        else
            buf_append(b, (struct slice){ text.ptr, len });
        text = (struct slice){ text.ptr + step, text.len - step };
    }
    buf_append_char(b, '"');
}

enum status buf_status(const struct buf *b)
{
    return b->status;
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){ b->ptr, b->len };
}

const char *buf_text(const struct buf *b)
{
    return b->ptr ? b->ptr : "";
}

char *buf_take(struct buf *b)
{
    char *taken = NULL;

    if (b->status == STATUS_OK && b->len > 0) {
        taken = b->ptr;
        b->ptr = NULL;
    }
    buf_release(b);
    return taken;
}
