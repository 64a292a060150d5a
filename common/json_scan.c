#include "common/json_scan.h"

#include <string.h>

#include "common/utf8.h"

/* Every request and every event passes through here, so the walk goes by two pointers in registers:
 * at, which the functions below move on and return (NULL: the text is not as it must be), and end.
 */

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (unsigned char)*at <= ' ')
        at++;
    return at;
}

/* True when an odd number of backslashes stands right before quote. */
static bool is_escaped(const char *begin, const char *quote)
{
    const char *at = quote;

    while (at > begin && at[-1] == '\\')
        at--;
    return (quote - at) % 2 == 1;
}

/* From its first quote to behind its last. By memchr(), since most of a webhook is inside of
 * strings. */
static const char *skip_string(const char *at, const char *end)
{
    const char *begin = at + 1;
    const char *quote = at;

    do
        quote = memchr(quote + 1, '"', (size_t)(end - quote - 1));
    while (quote && quote[-1] == '\\' && is_escaped(begin, quote));
    return quote ? quote + 1 : NULL;
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
}

/* A string, number, true, false or null; all but the first unjudged. */
static const char *skip_scalar(const char *at, const char *end)
{
    const char *begin = at;

    if (at < end && *at == '"')
        return skip_string(at, end);
    while (at < end && is_word_byte(*at))
        at++;
    return at > begin ? at : NULL;
}

/* From "name": to its value, white space around it included. ret_key: between the quotes. */
static const char *skip_key(const char *at, const char *end, struct slice *ret_key)
{
    const char *begin = at;

    if (at == end || *at != '"')
        return NULL;
    at = skip_string(at, end);
    if (!at)
        return NULL;
    *ret_key = (struct slice){ begin + 1, (size_t)(at - begin) - 2 };
    at = skip_space(at, end);
    return at < end && *at == ':' ? skip_space(at + 1, end) : NULL;
}

/* From the beginning of a member or an element to its value. closing: of what it is in. */
static const char *find_value(const char *at, const char *end, char closing)
{
    struct slice unused;

    at = skip_space(at, end);
    return closing == '}' ? skip_key(at, end, &unused) : at;
}

static bool at_bracket(const char *at, const char *end)
{
    return at < end && (*at == '{' || *at == '[');
}

/* What is open, outermost first, by the bracket that ends it: a small stack on ours, not recursion
 * on the program's. */
struct nest {
    char closing[JSON_SCAN_DEPTH_MAX];
    size_t base; /* brackets around the whole */
    size_t depth;
};

static char innermost(const struct nest *nest)
{
    return nest->closing[nest->depth - 1];
}

/* From the end of a value to the next one, leaving whatever ends here; behind the last bracket when
 * that is the whole. */
static const char *next_value(struct nest *nest, const char *at, const char *end)
{
    while ((at = skip_space(at, end)) < end && *at == innermost(nest)) {
        at++;
        if (--nest->depth == nest->base)
            return at;
    }
    return at < end && *at == ',' ? find_value(at + 1, end, innermost(nest)) : NULL;
}

/* From an opening bracket to the first value behind it. */
static const char *enter(struct nest *nest, const char *at, const char *end)
{
    nest->closing[nest->depth++] = *at == '{' ? '}' : ']';
    at = skip_space(at + 1, end);
    if (at < end && *at == innermost(nest))
        return next_value(nest, at, end);
    return find_value(at, end, innermost(nest));
}

/* From an opening bracket to behind its pair; base brackets are around it. */
static enum status skip_nested(const char **at, const char *end, size_t base)
{
    struct nest nest = { .base = base, .depth = base };
    const char *p = *at;

    do {
        bool is_inner = at_bracket(p, end);

        if (is_inner && nest.depth == JSON_SCAN_DEPTH_MAX)
            return STATUS_TOO_BIG;
        p = is_inner ? enter(&nest, p, end) : skip_scalar(p, end);
        if (p && !is_inner)
            p = next_value(&nest, p, end);
        if (!p)
            return STATUS_INVALID;
    } while (nest.depth > base);
    *at = p;
    return STATUS_OK;
}

static enum status scan_value(struct slice *text, size_t base, struct slice *ret_value)
{
    const char *begin = text->ptr;
    const char *end;
    const char *at;
    enum status st = STATUS_OK;

    if (text->len == 0)
        return STATUS_INVALID; /* ptr may be NULL */
    end = begin + text->len;
    at = begin = skip_space(begin, end);
    if (at_bracket(at, end))
        st = skip_nested(&at, end, base);
    else
        at = skip_scalar(at, end);
    if (st != STATUS_OK || !at)
        return st == STATUS_OK ? STATUS_INVALID : st;
    *ret_value = (struct slice){ begin, (size_t)(at - begin) };
    *text = (struct slice){ at, (size_t)(end - at) };
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
    if (skip_space(text.ptr, text.ptr + text.len) < text.ptr + text.len)
        return false;
    *ret_value = value;
    return true;
}

bool json_iter_begin(struct slice value, struct json_iter *ret_iter)
{
    if (value.len < 2 || !at_bracket(value.ptr, value.ptr + value.len))
        return false;
    *ret_iter = (struct json_iter){
        .rest = { value.ptr + 1, value.len - 2 }, /* without the brackets */
        .is_object = *value.ptr == '{',
        .first = true,
    };
    return true;
}

enum status json_iter_next(struct json_iter *it, struct slice *ret_key, struct slice *ret_value)
{
    const char *end = it->rest.ptr + it->rest.len;
    const char *at = skip_space(it->rest.ptr, end);
    struct slice key = { NULL, 0 };
    enum status st;

    it->rest = (struct slice){ at, (size_t)(end - at) };
    if (at == end)
        return STATUS_NOT_FOUND;
    if (!it->first && *at++ != ',')
        return STATUS_INVALID;
    at = it->is_object ? skip_key(skip_space(at, end), end, &key) : at;
    if (!at)
        return STATUS_INVALID;
    it->first = false;
    it->rest = (struct slice){ at, (size_t)(end - at) };
    st = scan_value(&it->rest, 1, ret_value);
    if (st == STATUS_OK)
        *ret_key = key;
    return st;
}
