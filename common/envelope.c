#include "common/envelope.h"

#include <stdbool.h>

#include "common/json_scan.h"

static bool is_plain_text(struct slice value)
{
    return value.len >= 2 && value.ptr[0] == '"' && slice_find(value, '\\') == value.len;
}

static struct slice text_of(struct slice value)
{
    if (!is_plain_text(value))
        return (struct slice){ NULL, 0 };
    return (struct slice){ value.ptr + 1, value.len - 2 };
}

static struct slice number_of(struct slice value)
{
    bool is_number = value.ptr[0] == '-' || (value.ptr[0] >= '0' && value.ptr[0] <= '9');

    return is_number ? value : (struct slice){ NULL, 0 };
}

static struct slice any_of(struct slice value)
{
    return value;
}

static const struct field {
    struct slice name;
    size_t offset; /* in struct envelope */
    struct slice (*read)(struct slice value);
} fields[] = {
    { { "type", 4 }, offsetof(struct envelope, type), text_of },
    { { "instance_id", 11 }, offsetof(struct envelope, instance_id), text_of },
    { { "timestamp", 9 }, offsetof(struct envelope, timestamp), number_of },
    { { "data", 4 }, offsetof(struct envelope, data), any_of },
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

/* Of a repeated key the first counts, even where its value is of no use. */
static void keep(struct slice key, struct slice value, bool seen[FIELD_COUNT], struct envelope *env)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (seen[i] || !json_spells(key, fields[i].name))
            continue;
        *(struct slice *)(void *)((char *)env + fields[i].offset) = fields[i].read(value);
        seen[i] = true;
        return;
    }
}

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

static struct slice without_space_behind(struct slice text)
{
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* The outer object, alone; what is inside of it is judged by the walk, once. */
static enum status find_object(struct slice body, struct json_iter *ret_iter)
{
    (void)slice_drop_prefix(&body, SLICE("\xEF\xBB\xBF")); /* RFC 8259, 8.1: may be ignored */
    while (body.len > 0 && is_space(body.ptr[0]))
        body = (struct slice){ body.ptr + 1, body.len - 1 };
    body = without_space_behind(body);
    if (body.len < 2 || body.ptr[0] != '{' || body.ptr[body.len - 1] != '}')
        return STATUS_INVALID;
    return json_iter_begin(body, ret_iter) ? STATUS_OK : STATUS_INVALID;
}

enum status envelope_read(struct slice body, struct envelope *ret_envelope)
{
    struct envelope env = { 0 };
    bool seen[FIELD_COUNT] = { false };
    struct slice key;
    struct slice value;
    struct json_iter it;
    enum status st = find_object(body, &it);

    if (st != STATUS_OK)
        return st;
    while ((st = json_iter_next(&it, &key, &value)) == STATUS_OK)
        keep(key, value, seen, &env);
    if (st != STATUS_NOT_FOUND)
        return st;
    *ret_envelope = env;
    return STATUS_OK;
}

static bool drop_last(struct slice *text, char c)
{
    *text = without_space_behind(*text);
    if (text->len == 0 || text->ptr[text->len - 1] != c)
        return false;
    text->len--;
    return true;
}

/* Cuts a string without escapes off the end of *text, *ret_inside is what is between its quotes. */
static bool drop_last_string(struct slice *text, struct slice *ret_inside)
{
    struct slice rest = *text;
    size_t end;

    if (!drop_last(&rest, '"'))
        return false;
    end = rest.len;
    while (rest.len > 0 && rest.ptr[rest.len - 1] != '"' && rest.ptr[rest.len - 1] != '\\')
        rest.len--;
    *ret_inside = (struct slice){ rest.ptr + rest.len, end - rest.len };
    if (!drop_last(&rest, '"') || slice_ends_with(rest, SLICE("\\")))
        return false; /* the backslash is the string's own, which goes on in front of it */
    *text = rest;
    return true;
}

/* Likewise a number, which is all that stands between it and the colon. */
static bool drop_last_number(struct slice *text)
{
    struct slice rest = without_space_behind(*text);
    size_t end = rest.len;

    while (rest.len > 0 && rest.ptr[rest.len - 1] >= '0' && rest.ptr[rest.len - 1] <= '9')
        rest.len--;
    *text = rest;
    return rest.len < end;
}

/* Goes over the members at the end of the object backwards. False: something else than plain texts
 * and numbers stands before the type. */
static bool find_type_at_end(struct slice body, struct slice *ret_type)
{
    struct slice key = { NULL, 0 };
    struct slice value = { NULL, 0 };

    if (!drop_last(&body, '}'))
        return false;
    do {
        bool is_text = drop_last_string(&body, &value);
        if (!is_text && !drop_last_number(&body))
            return false;
        if (!drop_last(&body, ':') || !drop_last_string(&body, &key))
            return false;
        *ret_type = is_text ? value : (struct slice){ NULL, 0 };
    } while (!slice_equals(key, SLICE("type")) && drop_last(&body, ','));
    return slice_equals(key, SLICE("type"));
}

struct slice envelope_type(struct slice body)
{
    struct envelope env = { 0 };
    struct slice type = { NULL, 0 };

    if (find_type_at_end(body, &type))
        return type;
    return envelope_read(body, &env) == STATUS_OK ? env.type : (struct slice){ NULL, 0 };
}
