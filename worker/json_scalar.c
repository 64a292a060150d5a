#include "worker/json_scalar.h"

#include <stdint.h>

enum { FIRST_PRINTABLE = 0x20, ESCAPED_HEX_DIGITS = 4, WORD_BYTES = 8 };

static const uint64_t ones = UINT64_C(0x0101010101010101);

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool at(struct slice text, size_t i, char c)
{
    return i < text.len && text.ptr[i] == c;
}

/* The place of the first byte from i on that is no digit. */
static size_t skip_digits(struct slice text, size_t i)
{
    while (i < text.len && is_digit(text.ptr[i]))
        i++;
    return i;
}

size_t json_number_length(struct slice text)
{
    size_t begin = at(text, 0, '-') ? 1 : 0;
    size_t i = at(text, begin, '0') ? begin + 1 : skip_digits(text, begin);

    if (i == begin)
        return 0;
    if (at(text, i, '.')) {
        begin = i + 1;
        i = skip_digits(text, begin);
        if (i == begin)
            return 0;
    }
    if (at(text, i, 'e') || at(text, i, 'E')) {
        begin = i + (at(text, i + 1, '+') || at(text, i + 1, '-') ? 2 : 1);
        i = skip_digits(text, begin);
        if (i == begin)
            return 0;
    }
    return i;
}

/* The length of the escape that text begins with, 0 where it is none. */
static size_t escape_length(struct slice text)
{
    static const char letters[] = "\"\\/bfnrt";
    size_t n = 2;

    if (text.len < n)
        return 0;
    if (text.ptr[1] != 'u')
        return slice_find(SLICE(letters), text.ptr[1]) < sizeof(letters) - 1 ? n : 0;
    while (n < 2 + ESCAPED_HEX_DIGITS && n < text.len && is_hex_digit(text.ptr[n]))
        n++;
    return n == 2 + ESCAPED_HEX_DIGITS ? n : 0;
}

/* The bytes that do not stand for themselves inside a string (control characters, quote and
 * backslash) get their high bit set, as far as the first such byte, counted from the low end, goes;
 * bits above that one mean nothing. Source: S. E. Anderson, Bit Twiddling Hacks, "Determine if a
 * word has a byte less than n"; all three questions at once, for they spare the same bytes: those
 * from 128 on. */
static uint64_t special(uint64_t word)
{
    uint64_t controls = word - ones * FIRST_PRINTABLE;
    uint64_t quotes = (word ^ (ones * '"')) - ones;
    uint64_t backslashes = (word ^ (ones * '\\')) - ones;

    return (controls | quotes | backslashes) & ~word & (ones << 7);
}

/* Eight bytes with the first one at the low end, whatever the machine's order. */
static uint64_t load_word(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

/* The place of the first byte from i on that does not stand for itself inside a string; by eight at
 * a time, since most of a webhook is that. */
static size_t skip_plain(struct slice text, size_t i)
{
    for (; i + WORD_BYTES <= text.len; i += WORD_BYTES) {
        uint64_t found = special(load_word(text.ptr + i));
        if (found)
            return i + (size_t)__builtin_ctzll(found) / 8;
    }
    while (i < text.len && (unsigned char)text.ptr[i] >= FIRST_PRINTABLE && text.ptr[i] != '"' &&
           text.ptr[i] != '\\')
        i++;
    return i;
}

size_t json_string_length(struct slice text, bool *ret_is_escaped)
{
    size_t i;

    if (!at(text, 0, '"'))
        return 0;
    i = skip_plain(text, 1);
    *ret_is_escaped = at(text, i, '\\');
    while (at(text, i, '\\')) {
        size_t step = escape_length((struct slice){ text.ptr + i, text.len - i });
        if (step == 0)
            return 0;
        i = skip_plain(text, i + step);
    }
    return at(text, i, '"') ? i + 1 : 0;
}
