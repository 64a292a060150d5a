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

/* The outer object, alone; what is inside of it is judged by the walk, once. */
static enum status find_object(struct slice body, struct json_iter *ret_iter)
{
    (void)slice_drop_prefix(&body, SLICE("\xEF\xBB\xBF")); /* RFC 8259, 8.1: may be ignored */
    while (body.len > 0 && is_space(body.ptr[0]))
        body = (struct slice){ body.ptr + 1, body.len - 1 };
    while (body.len > 0 && is_space(body.ptr[body.len - 1]))
        body.len--;
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
