#include "ingest/secret.h"

#include <stdint.h>

enum { GROUP_CHARS = 4, BITS_PER_CHAR = 6 };

/* The value of one base64 digit, or -1. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Cuts the padding off. False when it does not fill the last group of four. */
static bool drop_padding(struct slice *text)
{
    size_t whole = text->len;

    while (text->len > 0 && text->ptr[text->len - 1] == '=')
        text->len--;
    return whole == text->len || (whole % GROUP_CHARS == 0 && whole - text->len <= 2);
}

/* Why this text cannot be a secret at all, or NULL. */
static const char *wrong_kind(struct slice text)
{
    if (slice_starts_with(text, SLICE("whsk_")) || slice_starts_with(text, SLICE("whpk_")))
        return "is a key for asymmetric signatures (v1a), which Clerk does not use; expected "
               "whsec_";
    return NULL;
}

/* Decodes digits without padding, writing at most capacity bytes. */
static const char *decode_digits(struct slice text, unsigned char *key, size_t capacity,
                                 size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = digit_value(text.ptr[i]);
        if (value < 0)
            return "is not standard base64";
        bits = (bits << BITS_PER_CHAR) | (uint32_t)value;
        held += BITS_PER_CHAR;
        if (held < 8)
            continue;
        held -= 8;
        if (len == capacity)
            return "is too long";
        key[len++] = (unsigned char)(bits >> held);
        bits &= (1u << held) - 1;
    }
    if (held == BITS_PER_CHAR || bits != 0)
        return "is cut off or mistyped: its base64 ends in the middle of a byte";
    *ret_len = len;
    return NULL;
}

enum status secret_decode(struct slice text, unsigned char *key, size_t capacity, size_t *ret_len,
                          const char **ret_why)
{
    size_t len = 0;
    const char *why = wrong_kind(text);

    (void)slice_drop_prefix(&text, SLICE("whsec_"));
    if (!why && !drop_padding(&text))
        why = "has wrong base64 padding";
    if (!why && text.len == 0)
        why = "is empty";
    if (!why)
        why = decode_digits(text, key, capacity, &len);
    if (why) {
        *ret_why = why;
        return STATUS_INVALID;
    }
    *ret_len = len;
    return STATUS_OK;
}
