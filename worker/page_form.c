#include "worker/page_form.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes one decoded byte off *rest. */
static bool next_byte(struct slice *rest, char *ret_byte)
{
    char c = rest->ptr[0];
    size_t used = 1;
    if (c == '+')
        c = ' ';
    if (c == '%') {
        int high = rest->len > 2 ? hex_digit(rest->ptr[1]) : -1;
        int low = rest->len > 2 ? hex_digit(rest->ptr[2]) : -1;
        if (high < 0 || low < 0)
            return false;
        c = (char)(unsigned char)(high * 16 + low);
        used = 3;
    }
    rest->ptr += used;
    rest->len -= used;
    *ret_byte = c;
    return c != '\0';
}

static enum status decode(struct slice raw, char ret_text[FORM_TEXT_MAX + 1])
{
    char text[FORM_TEXT_MAX + 1];
    size_t len = 0;
    while (raw.len > 0) {
        if (len == FORM_TEXT_MAX || !next_byte(&raw, &text[len]))
            return STATUS_INVALID;
        len++;
    }
    text[len] = '\0';
    memcpy(ret_text, text, len + 1);
    return STATUS_OK;
}

enum status form_text(struct slice form, const char *name, char ret_text[FORM_TEXT_MAX + 1])
{
    struct slice field;
    while (slice_split(&form, '&', &field)) {
        size_t end = slice_find(field, '=');
        if (!slice_equals((struct slice){ field.ptr, end }, slice_of(name)))
            continue;
        size_t start = end < field.len ? end + 1 : end;
        return decode((struct slice){ field.ptr + start, field.len - start }, ret_text);
    }
    ret_text[0] = '\0';
    return STATUS_OK;
}

enum status form_number(struct slice form, const char *name, int64_t min, int64_t max,
                        int64_t *number)
{
    char text[FORM_TEXT_MAX + 1];
    enum status st = form_text(form, name, text);
    if (st != STATUS_OK || text[0] == '\0')
        return st;
    return slice_to_i64(slice_of(text), min, max, number) ? STATUS_OK : STATUS_INVALID;
}
