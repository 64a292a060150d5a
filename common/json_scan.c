#include "common/json_scan.h"

#include <string.h>

#include "common/utf8.h"

/* A walk through one value. Nesting is a small stack on ours, not recursion on the program's. */
struct scan {
    struct slice rest;
    size_t base; /* brackets around the value */
    size_t depth;
    bool in_object[JSON_SCAN_DEPTH_MAX];
};

static void advance(struct slice *s, size_t n)
{
    *s = (struct slice){ s->ptr + n, s->len - n };
}

static bool at(struct slice s, char c)
{
    return s.len > 0 && s.ptr[0] == c;
}

static bool take(struct slice *s, char c)
{
    if (!at(*s, c))
        return false;
    advance(s, 1);
    return true;
}

static void skip_space(struct slice *s)
{
    while (s->len > 0 && (unsigned char)s->ptr[0] <= ' ')
        advance(s, 1);
}

/* True when an odd number of backslashes stands right before quote. */
static bool is_escaped(const char *begin, const char *quote)
{
    const char *at = quote;

    while (at > begin && at[-1] == '\\')
        at--;
    return (quote - at) % 2 == 1;
}

/* Cuts a string off, quotes included. By memchr(), since most of a webhook is inside of strings. */
static bool take_string(struct slice *s, struct slice *ret_inside)
{
    const char *begin = s->ptr + 1;
    const char *quote = s->ptr;
    size_t len;

    if (!at(*s, '"'))
        return false;
    do {
        len = (size_t)(quote + 1 - s->ptr);
        quote = memchr(quote + 1, '"', s->len - len);
    } while (quote && is_escaped(begin, quote));
    if (!quote)
        return false;
    *ret_inside = (struct slice){ begin, (size_t)(quote - begin) };
    advance(s, ret_inside->len + 2);
    return true;
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
}

/* A number, true, false or null, unjudged. */
static bool take_word(struct slice *s)
{
    size_t len = 0;

    while (len < s->len && is_word_byte(s->ptr[len]))
        len++;
    if (len == 0)
        return false;
    advance(s, len);
    return true;
}

/* "name": and the white space around it. */
static bool take_key(struct slice *s, struct slice *ret_key)
{
    skip_space(s);
    if (!take_string(s, ret_key))
        return false;
    skip_space(s);
    if (!take(s, ':'))
        return false;
    skip_space(s);
    return true;
}

static bool take_key_if_object(struct scan *sc)
{
    struct slice unused;

    skip_space(&sc->rest);
    return !sc->in_object[sc->depth - 1] || take_key(&sc->rest, &unused);
}

static char closing(const struct scan *sc)
{
    return sc->in_object[sc->depth - 1] ? '}' : ']';
}

/* Enters an object or array, up to its first value. An empty one is left at once:
 * *ret_value_ended. */
static enum status enter(struct scan *sc, bool *ret_value_ended)
{
    if (sc->depth == JSON_SCAN_DEPTH_MAX)
        return STATUS_TOO_BIG;
    sc->in_object[sc->depth++] = at(sc->rest, '{');
    advance(&sc->rest, 1);
    skip_space(&sc->rest);
    *ret_value_ended = take(&sc->rest, closing(sc));
    if (*ret_value_ended) {
        sc->depth--;
        return STATUS_OK;
    }
    return take_key_if_object(sc) ? STATUS_OK : STATUS_INVALID;
}

/* From the end of a value to the beginning of the next one, leaving whatever ends here. */
static enum status leave(struct scan *sc)
{
    while (sc->depth > sc->base) {
        skip_space(&sc->rest);
        if (take(&sc->rest, ','))
            return take_key_if_object(sc) ? STATUS_OK : STATUS_INVALID;
        if (!take(&sc->rest, closing(sc)))
            return STATUS_INVALID;
        sc->depth--;
    }
    return STATUS_OK;
}

static bool at_bracket(struct slice s)
{
    return at(s, '{') || at(s, '[');
}

/* A string, number, true, false or null. */
static enum status take_scalar(struct slice *s)
{
    struct slice unused;
    bool taken = at(*s, '"') ? take_string(s, &unused) : take_word(s);

    return taken ? STATUS_OK : STATUS_INVALID;
}

static enum status take_value_start(struct scan *sc, bool *ret_value_ended)
{
    if (at_bracket(sc->rest))
        return enter(sc, ret_value_ended);
    *ret_value_ended = true;
    return take_scalar(&sc->rest);
}

/* An object or array; base brackets are around it. */
static enum status take_nested(struct slice *s, size_t base)
{
    struct scan sc;
    enum status st;

    sc.rest = *s;
    sc.base = sc.depth = base; /* in_object[] is written as the walk goes down */
    do {
        bool value_ended = false;

        st = take_value_start(&sc, &value_ended);
        if (st == STATUS_OK && value_ended)
            st = leave(&sc);
        if (st != STATUS_OK)
            return st;
    } while (sc.depth > base);
    *s = sc.rest;
    return STATUS_OK;
}

static enum status scan_value(struct slice *text, size_t base, struct slice *ret_value)
{
    struct slice rest = *text;
    const char *begin;
    enum status st;

    skip_space(&rest);
    begin = rest.ptr;
    st = at_bracket(rest) ? take_nested(&rest, base) : take_scalar(&rest);
    if (st != STATUS_OK)
        return st;
    *ret_value = (struct slice){ begin, (size_t)(rest.ptr - begin) };
    *text = rest;
    return STATUS_OK;
}

enum status json_scan_value(struct slice *text, struct slice *ret_value)
{
    return scan_value(text, 0, ret_value);
}

bool json_scan_whole(struct slice text, struct slice *ret_value)
{
    struct slice value;

    if (json_scan_value(&text, &value) != STATUS_OK)
        return false;
    skip_space(&text);
    if (text.len > 0)
        return false;
    *ret_value = value;
    return true;
}

bool json_iter_begin(struct slice value, struct json_iter *ret_iter)
{
    if (value.len < 2 || (!at(value, '{') && !at(value, '[')))
        return false;
    *ret_iter = (struct json_iter){
        .rest = { value.ptr + 1, value.len - 2 }, /* without the brackets */
        .is_object = at(value, '{'),
        .first = true,
    };
    return true;
}

enum status json_iter_next(struct json_iter *it, struct slice *ret_key, struct slice *ret_value)
{
    struct slice key = { NULL, 0 };
    enum status st;

    skip_space(&it->rest);
    if (it->rest.len == 0)
        return STATUS_NOT_FOUND;
    if (!it->first && !take(&it->rest, ','))
        return STATUS_INVALID;
    if (it->is_object && !take_key(&it->rest, &key))
        return STATUS_INVALID;
    it->first = false;
    st = scan_value(&it->rest, 1, ret_value);
    if (st == STATUS_OK)
        *ret_key = key;
    return st;
}
