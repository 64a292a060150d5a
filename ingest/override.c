#include "ingest/override.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json_scan.h"

static bool is_digit(struct slice s, size_t i)
{
    return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

static size_t skip_digits(struct slice s, size_t i)
{
    while (is_digit(s, i))
        i++;
    return i;
}

/* RFC 8259, section 6. cJSON also takes 01, 1. and the like, which would spoil the body. */
static bool is_number(struct slice s)
{
    size_t i = s.len > 0 && s.ptr[0] == '-' ? 1 : 0;
    size_t first = i;
    i = skip_digits(s, i);
    if (i == first || (s.ptr[first] == '0' && i > first + 1))
        return false;
    if (i < s.len && s.ptr[i] == '.') {
        if (!is_digit(s, ++i))
            return false;
        i = skip_digits(s, i);
    }
    if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
        i++;
        if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
            i++;
        if (!is_digit(s, i))
            return false;
        i = skip_digits(s, i);
    }
    return i == s.len;
}

/* The length of the string or number at the front of text, which cJSON has taken; 0 where it was
 * too lenient. Other tokens are passed one byte at a time. */
static size_t strict_length(struct slice text)
{
    size_t i = 0;
    if (text.ptr[0] == '-' || is_digit(text, 0)) {
        while (i < text.len && strchr("0123456789+-.eE", text.ptr[i]) && text.ptr[i] != '\0')
            i++;
        return is_number((struct slice){ text.ptr, i }) ? i : 0;
    }
    if (text.ptr[0] != '"')
        return 1;
    for (i = 1; i < text.len && text.ptr[i] != '"'; i += text.ptr[i] == '\\' ? 2 : 1)
        if ((unsigned char)text.ptr[i] < 0x20)
            return 0;
    return i + 1;
}

/* True when text as a whole is JSON. */
static bool is_json(struct slice text)
{
    struct slice value;
    const char *end = NULL;
    if (!json_scan_whole(text, &value) || !utf8_is_valid(text))
        return false;
    cJSON *tree = cJSON_ParseWithLengthOpts(value.ptr, value.len, &end, false);
    bool whole = tree && end == value.ptr + value.len;
    cJSON_Delete(tree);
    if (!whole)
        return false;
    for (size_t i = 0, len; i < value.len; i += len)
        if ((len = strict_length((struct slice){ value.ptr + i, value.len - i })) == 0)
            return false;
    return true;
}

static enum status check_path(struct slice path)
{
    struct slice name;
    size_t depth = 0;
    if (path.len == 0 || path.ptr[path.len - 1] == '.')
        return STATUS_INVALID;
    while (slice_split(&path, '.', &name)) {
        if (name.len == 0)
            return STATUS_INVALID;
        depth++;
    }
    return depth > OVERRIDE_DEPTH_MAX ? STATUS_TOO_BIG : STATUS_OK;
}

enum status override_parse(const char *text, struct override *ret_override)
{
    struct slice all = slice_of(text);
    size_t equals = slice_find(all, '=');
    if (equals == all.len)
        return STATUS_INVALID;
    struct slice path = { text, equals };
    struct slice value = { text + equals + 1, all.len - equals - 1 };
    enum status st = check_path(path);
    if (st != STATUS_OK)
        return st;
    struct override o = { path, buf_make(OVERRIDE_VALUE_MAX_BYTES) };
    if (is_json(value))
        buf_append(&o.value, slice_trim(value));
    else
        buf_append_json(&o.value, value);
    st = buf_status(&o.value);
    if (st == STATUS_OK)
        *ret_override = o;
    else
        buf_release(&o.value);
    return st;
}

void override_release(struct override *override)
{
    buf_release(&override->value);
}

/* What is left of the path, and the value to put at its end. */
struct change {
    struct slice path; /* used up when ptr is NULL */
    struct slice value;
    struct buf *out;
};

static enum status put_changed(struct change change, struct slice old);

static bool is_target(const struct json_iter *it, struct slice key, size_t position,
                      struct slice name)
{
    int64_t wanted;
    if (it->is_object)
        return json_spells(key, name);
    return slice_to_i64(name, 0, INT32_MAX, &wanted) && (size_t)wanted == position;
}

static void put_key(struct buf *out, bool is_object, size_t position, struct slice raw_key)
{
    if (position > 0)
        buf_append_char(out, ',');
    if (!is_object)
        return;
    buf_append_char(out, '"');
    buf_append(out, raw_key);
    buf_append(out, SLICE("\":"));
}

/* The member or element that is not there yet, behind the count others. */
static enum status put_missing(struct change change, bool is_object, size_t count,
                               struct slice name)
{
    int64_t position;
    if (is_object) {
        if (count > 0)
            buf_append_char(change.out, ',');
        buf_append_json(change.out, name);
        buf_append_char(change.out, ':');
        return put_changed(change, SLICE("null"));
    }
    if (!slice_to_i64(name, 0, INT32_MAX, &position) || (size_t)position != count)
        return STATUS_INVALID;
    put_key(change.out, false, count, name);
    return put_changed(change, SLICE("null"));
}

static enum status put_members(struct change change, struct json_iter *it, struct slice name)
{
    struct slice key, value;
    bool found = false;
    size_t count = 0;
    enum status st;
    while ((st = json_iter_next(it, &key, &value)) == STATUS_OK) {
        bool target = is_target(it, key, count, name);
        put_key(change.out, it->is_object, count++, key);
        if (!target)
            buf_append(change.out, value);
        else if ((st = put_changed(change, value)) != STATUS_OK)
            return st;
        found |= target;
    }
    if (st != STATUS_NOT_FOUND)
        return st;
    return found ? STATUS_OK : put_missing(change, it->is_object, count, name);
}

/* Recursion ends with the path: at most OVERRIDE_DEPTH_MAX calls deep. */
static enum status put_changed(struct change change, struct slice old)
{
    struct slice name;
    struct json_iter it;
    if (!slice_split(&change.path, '.', &name)) {
        buf_append(change.out, change.value);
        return STATUS_OK;
    }
    if (slice_equals(old, SLICE("null")))
        old = SLICE("{}");
    if (!json_iter_begin(old, &it))
        return STATUS_INVALID;
    buf_append_char(change.out, it.is_object ? '{' : '[');
    enum status st = put_members(change, &it, name);
    buf_append_char(change.out, it.is_object ? '}' : ']');
    return st;
}

enum status override_apply(const struct override *override, struct slice json, struct buf *out)
{
    struct slice object;
    if (!json_scan_whole(json, &object) || object.len == 0 || object.ptr[0] != '{')
        return STATUS_INVALID;
    struct change change = { override->path, buf_slice(&override->value), out };
    enum status st = put_changed(change, object);
    return st == STATUS_OK ? buf_status(out) : st;
}
