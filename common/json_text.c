#include "common/json_scan.h"

#include "common/utf8.h"

/* The inside of JSON strings: the other half of json_scan.h. */

enum { ESCAPE_U_LEN = 6 }; /* \uXXXX */

static bool take_hex_digit(char c, uint32_t *number)
{
    static const char digits[] = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    size_t value = slice_find((struct slice){ digits, 16 }, lower);

    *number = *number * 16 + (uint32_t)value;
    return value < 16;
}

/* Cuts one \uXXXX off. */
static bool take_unit(struct slice *raw, uint32_t *ret_unit)
{
    uint32_t unit = 0;

    if (raw->len < ESCAPE_U_LEN || !slice_starts_with(*raw, SLICE("\\u")))
        return false;
    for (size_t i = 2; i < ESCAPE_U_LEN; i++)
        if (!take_hex_digit(raw->ptr[i], &unit))
            return false;
    *raw = (struct slice){ raw->ptr + ESCAPE_U_LEN, raw->len - ESCAPE_U_LEN };
    *ret_unit = unit;
    return true;
}

/* Cuts one \uXXXX or a surrogate pair of them off. */
static bool take_code_point(struct slice *raw, uint32_t *ret_code_point)
{
    uint32_t high;
    uint32_t low;

    if (!take_unit(raw, &high))
        return false;
    *ret_code_point = high;
    if (high < 0xD800 || high > 0xDFFF)
        return true;
    if (high > 0xDBFF || !take_unit(raw, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *ret_code_point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/* Cuts one character off, decoded into out; 0 where the escape is malformed. raw is not empty. */
static size_t take_char(struct slice *raw, char out[UTF8_SEQUENCE_MAX])
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    uint32_t code_point;
    size_t which;
    bool escaped = raw->ptr[0] == '\\';

    if (slice_starts_with(*raw, SLICE("\\u")))
        return take_code_point(raw, &code_point) ? utf8_encode(code_point, out) : 0;
    if (!escaped) {
        out[0] = raw->ptr[0];
        *raw = (struct slice){ raw->ptr + 1, raw->len - 1 };
        return 1;
    }
    which = raw->len > 1 ? slice_find((struct slice){ from, sizeof(from) - 1 }, raw->ptr[1])
                         : sizeof(from) - 1;
    if (which == sizeof(from) - 1)
        return 0;
    out[0] = to[which];
    *raw = (struct slice){ raw->ptr + 2, raw->len - 2 };
    return 1;
}

bool json_spells(struct slice raw, struct slice name)
{
    if (slice_find(raw, '\\') == raw.len)
        return slice_equals(raw, name);
    while (raw.len > 0) {
        char bytes[UTF8_SEQUENCE_MAX];
        size_t len = take_char(&raw, bytes);

        if (len == 0 || !slice_drop_prefix(&name, (struct slice){ bytes, len }))
            return false;
    }
    return name.len == 0;
}

bool json_is_text(struct slice raw)
{
    size_t at;

    while ((at = slice_find(raw, '\\')) < raw.len) {
        char bytes[UTF8_SEQUENCE_MAX];

        raw = (struct slice){ raw.ptr + at, raw.len - at };
        if (take_char(&raw, bytes) == 0 || bytes[0] == '\0')
            return false;
    }
    return true;
}
