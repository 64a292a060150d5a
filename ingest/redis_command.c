#include "ingest/redis_command.h"

#include <string.h>

enum {
    DIGITS_MAX = 20, /* of a size_t */
    KIND_MAX = 3,
};

/* Number, end of line, and before it kind, which may end what is before: in one piece, and by hand,
 * as printf() and many small appends took longer than all the copying. */
static void write_size(struct buf *out, struct slice kind, size_t number)
{
    char text[KIND_MAX + DIGITS_MAX + 2];
    size_t at = sizeof(text);

    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    at -= kind.len;
    memcpy(text + at, kind.ptr, kind.len);
    buf_append(out, (struct slice){ text + at, sizeof(text) - at });
}

size_t redis_command_write(struct buf *out, const struct slice *args, size_t count)
{
    size_t bytes = 0;

    write_size(out, SLICE("*"), count);
    for (size_t i = 0; i < count; i++) {
        write_size(out, i == 0 ? SLICE("$") : SLICE("\r\n$"), args[i].len);
        buf_append(out, args[i]);
        bytes += args[i].len;
    }
    buf_append(out, SLICE("\r\n"));
    return bytes;
}
