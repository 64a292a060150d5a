#include "worker/json_strict.h"

#include <stdint.h>
#include <string.h>

enum { FIRST_PRINTABLE = 0x20, ESCAPED_HEX_DIGITS = 4 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
}

static void advance(struct slice *s, size_t n)
{
    *s = (struct slice){ s->ptr + n, s->len - n };
}

static bool take_digits(struct slice *s)
{
    size_t n = 0;

    while (n < s->len && is_digit(s->ptr[n]))
        n++;
    advance(s, n);
    return n > 0;
}

static bool is_number(struct slice s)
{
    (void)slice_drop_prefix(&s, SLICE("-"));
    if (!slice_drop_prefix(&s, SLICE("0")) && !take_digits(&s))
        return false;
    if (slice_drop_prefix(&s, SLICE(".")) && !take_digits(&s))
        return false;
    if (slice_drop_prefix(&s, SLICE("e")) || slice_drop_prefix(&s, SLICE("E"))) {
        if (!slice_drop_prefix(&s, SLICE("+")))
            (void)slice_drop_prefix(&s, SLICE("-"));
        if (!take_digits(&s))
            return false;
    }
    return s.len == 0;
}

static bool take_word(struct slice *text)
{
    struct slice word = { text->ptr, 0 };

    while (word.len < text->len && is_word_byte(text->ptr[word.len]))
        word.len++;
    advance(text, word.len);
    return is_number(word) || slice_equals(word, SLICE("true")) ||
           slice_equals(word, SLICE("false")) || slice_equals(word, SLICE("null"));
}

/* The length of the escape that s begins with, 0 where it is none. */
static size_t escape_length(struct slice s)
{
    static const char letters[] = "\"\\/bfnrt";
    size_t n = 2;

    if (s.len < n)
        return 0;
    if (s.ptr[1] != 'u')
        return slice_find(SLICE(letters), s.ptr[1]) < sizeof(letters) - 1 ? n : 0;
    while (n < 2 + ESCAPED_HEX_DIGITS && n < s.len && is_hex_digit(s.ptr[n]))
        n++;
    return n == 2 + ESCAPED_HEX_DIGITS ? n : 0;
}

/* True when any byte of word is below n, 1 to 128. Source: S. E. Anderson, Bit Twiddling Hacks,
 * "Determine if a word has a byte less than n". */
static bool has_less(uint64_t word, uint64_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    return ((word - ones * n) & ~word & (ones << 7)) != 0;
}

static bool is_plain_word(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);

    return !has_less(word, FIRST_PRINTABLE) && !has_less(word ^ (ones * '"'), 1) &&
           !has_less(word ^ (ones * '\\'), 1);
}

/* The bytes from begin on that stand for themselves inside a string; eight at a time, since most of
 * a webhook is that. */
static size_t plain_length(const char *begin, const char *end)
{
    const char *at = begin;
    uint64_t word;

    for (; (size_t)(end - at) >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        if (!is_plain_word(word))
            break;
    }
    while (at < end && (unsigned char)*at >= FIRST_PRINTABLE && *at != '"' && *at != '\\')
        at++;
    return (size_t)(at - begin);
}

static bool take_string(struct slice *text)
{
    size_t i = 1;

    for (;;) {
        size_t step;

        i += plain_length(text->ptr + i, text->ptr + text->len);
        if (i >= text->len || (unsigned char)text->ptr[i] < FIRST_PRINTABLE)
            return false;
        if (text->ptr[i] == '"')
            break;
        step = escape_length((struct slice){ text->ptr + i, text->len - i });
        if (step == 0)
            return false;
        i += step;
    }
    advance(text, i + 1);
    return true;
}

static bool take_other(struct slice *text)
{
    char c = text->ptr[0];

    advance(text, 1);
    return (unsigned char)c >= FIRST_PRINTABLE || c == '\t' || c == '\n' || c == '\r';
}

bool json_is_strict(struct slice text)
{
    while (text.len > 0) {
        bool good = false;

        if (text.ptr[0] == '"')
            good = take_string(&text);
        else if (is_word_byte(text.ptr[0]))
            good = take_word(&text);
        else
            good = take_other(&text);
        if (!good)
            return false;
    }
    return true;
}
