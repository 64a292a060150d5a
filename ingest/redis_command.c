#include "ingest/redis_command.h"

enum { DIGITS_MAX = 20 }; /* of a size_t */

/* kind, number, end of line. By hand, as printf() took longer than all the copying. */
static void write_size(struct buf *out, char kind, size_t number)
{
    char text[1 + DIGITS_MAX + 2];
    size_t at = sizeof(text);

    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text[--at] = kind;
    buf_append(out, (struct slice){ text + at, sizeof(text) - at });
}

size_t redis_command_write(struct buf *out, const struct slice *args, size_t count)
{
    size_t bytes = 0;

    write_size(out, '*', count);
    for (size_t i = 0; i < count; i++) {
        write_size(out, '$', args[i].len);
        buf_append(out, args[i]);
        buf_append(out, SLICE("\r\n"));
        bytes += args[i].len;
    }
    return bytes;
}
