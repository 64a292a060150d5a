#include "common/utf8.h"

#include <string.h>

/* One row per line of the table in RFC 3629, section 4: the first byte's range, the second byte's
 * range, the length. Third and fourth bytes are always 80..BF. */
static const struct {
    unsigned char first_min, first_max, second_min, second_max, len;
} forms[] = {
    { 0x00, 0x7F, 0x00, 0x00, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
    { 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
    { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

static bool within(char c, unsigned char min, unsigned char max)
{
    return (unsigned char)c >= min && (unsigned char)c <= max;
}

static bool has_form(struct slice text, size_t form)
{
    if (!within(text.ptr[0], forms[form].first_min, forms[form].first_max) ||
        text.len < forms[form].len)
        return false;
    if (forms[form].len > 1 && !within(text.ptr[1], forms[form].second_min, forms[form].second_max))
        return false;
    for (size_t i = 2; i < forms[form].len; i++)
        if (!within(text.ptr[i], 0x80, 0xBF))
            return false;
    return true;
}

size_t utf8_sequence(struct slice text)
{
    if (text.len == 0)
        return 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (has_form(text, i))
            return forms[i].len;
    return 0;
}

/* How many whole words of plain ASCII text begins with, in bytes. Webhooks are nearly all of that.
 */
static size_t ascii_words(struct slice text)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    uint64_t word;
    size_t len = 0;

    while (text.len - len >= sizeof(word)) {
        memcpy(&word, text.ptr + len, sizeof(word));
        if (word & high_bits)
            break;
        len += sizeof(word);
    }
    return len;
}

bool utf8_is_valid(struct slice text)
{
    while (text.len > 0) {
        size_t len = ascii_words(text);
        if (len == 0)
            len = utf8_sequence(text);
        if (len == 0)
            return false;
        text = (struct slice){ text.ptr + len, text.len - len };
    }
    return true;
}

void utf8_mend(char *text)
{
    while (*text != '\0') {
        size_t len = utf8_sequence(slice_of(text));
        if (len == 0)
            *text = '?';
        text += len > 0 ? len : 1;
    }
}

static char continuation(uint32_t code_point, unsigned shift)
{
    return (char)(0x80 | ((code_point >> shift) & 0x3F));
}

size_t utf8_encode(uint32_t code_point, char out[UTF8_SEQUENCE_MAX])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | (code_point >> 6));
        out[1] = continuation(code_point, 0);
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | (code_point >> 12));
        out[1] = continuation(code_point, 6);
        out[2] = continuation(code_point, 0);
        return 3;
    }
    out[0] = (char)(0xF0 | (code_point >> 18));
    out[1] = continuation(code_point, 12);
    out[2] = continuation(code_point, 6);
    out[3] = continuation(code_point, 0);
    return 4;
}
