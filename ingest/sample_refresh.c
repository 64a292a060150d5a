#include "ingest/sample_refresh.h"

#include <inttypes.h>

#include "common/envelope.h"
#include "ingest/base62.h"

enum { TIME_DIGITS_MIN = 12, TIME_DIGITS_MAX = 14 };

struct refresh {
    uint64_t seed;
    int64_t shift_ms;
    struct buf *out;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_base62(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_id(struct slice text)
{
    if (text.len < BASE62_ID_LEN + 2 || !is_lower(text.ptr[0]))
        return false;
    size_t underscore = text.len - BASE62_ID_LEN - 1;
    for (size_t i = 1; i < underscore; i++)
        if (!is_lower(text.ptr[i]) && !is_digit(text.ptr[i]) && text.ptr[i] != '_')
            return false;
    for (size_t i = underscore + 1; i < text.len; i++)
        if (!is_base62(text.ptr[i]))
            return false;
    return text.ptr[underscore] == '_';
}

/* FNV-1a, started from the seed. */
static uint64_t hash_id(uint64_t seed, struct slice id)
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.ptr[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void put_string(const struct refresh *r, struct slice text)
{
    if (!is_id(text) || slice_starts_with(text, SLICE("ins_"))) {
        buf_append(r->out, text);
        return;
    }
    char fresh[BASE62_ID_LEN];
    base62_fill(hash_id(r->seed, text), fresh, sizeof(fresh));
    buf_append(r->out, (struct slice){ text.ptr, text.len - BASE62_ID_LEN });
    buf_append(r->out, (struct slice){ fresh, sizeof(fresh) });
}

static bool is_time(struct slice number, int64_t *ret_ms)
{
    return number.len >= TIME_DIGITS_MIN && number.len <= TIME_DIGITS_MAX &&
           is_digit(number.ptr[0]) && slice_to_i64(number, 0, INT64_MAX, ret_ms);
}

static void put_number(const struct refresh *r, struct slice number)
{
    int64_t ms;
    if (is_time(number, &ms))
        buf_printf(r->out, "%" PRId64, ms + r->shift_ms);
    else
        buf_append(r->out, number);
}

/* The end of the text between quotes; text begins behind the opening one. */
static size_t string_length(struct slice text)
{
    size_t i = 0;
    while (i < text.len && text.ptr[i] != '"')
        i += text.ptr[i] == '\\' ? 2 : 1;
    return i < text.len ? i : text.len;
}

/* A number or a literal, or else one bracket, colon or comma. */
static size_t word_length(struct slice text)
{
    size_t i = 0;
    while (i < text.len && (is_base62(text.ptr[i]) || text.ptr[i] == '.' || text.ptr[i] == '+' ||
                            text.ptr[i] == '-'))
        i++;
    return i > 0 ? i : 1;
}

/* Copies the token at the front of text and returns its length. */
static size_t put_token(const struct refresh *r, struct slice text)
{
    if (is_space(text.ptr[0]))
        return 1;
    if (text.ptr[0] != '"') {
        struct slice word = { text.ptr, word_length(text) };
        put_number(r, word);
        return word.len;
    }
    struct slice inside = { text.ptr + 1, text.len - 1 };
    inside.len = string_length(inside);
    buf_append_char(r->out, '"');
    put_string(r, inside);
    buf_append_char(r->out, '"');
    return inside.len + 2; /* envelope_read() has seen the closing quote */
}

enum status sample_refresh(struct slice event, uint64_t seed, int64_t now_ms, struct buf *out)
{
    struct envelope envelope;
    enum status st = envelope_read(event, &envelope);
    if (st != STATUS_OK)
        return st;
    int64_t sent_ms = now_ms;
    (void)is_time(envelope.timestamp, &sent_ms);
    struct refresh r = { seed, now_ms - sent_ms, out };
    for (size_t i = 0; i < event.len;)
        i += put_token(&r, (struct slice){ event.ptr + i, event.len - i });
    return buf_status(out);
}
