#include "worker/json_object.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_scan.h"

enum { FIRST_CAPACITY = 64 };

static enum status add_member(struct json_object *object, struct slice key, struct slice raw)
{
    if (object->count == object->capacity) {
        size_t capacity = object->capacity ? object->capacity * 2 : FIRST_CAPACITY;
        struct json_member *members = NULL;

        if (capacity <= SIZE_MAX / sizeof(*members))
            members = realloc(object->members, capacity * sizeof(*members));
        if (!members)
            return STATUS_NO_MEMORY;
        object->members = members;
        object->capacity = capacity;
    }
    object->members[object->count++] = (struct json_member){
        .key = key,
        .is_escaped = slice_find(key, '\\') < key.len,
        .raw = raw,
    };
    return STATUS_OK;
}

enum status json_object_read(struct slice text, struct json_object *ret_object)
{
    struct json_object object = { 0 };
    struct json_iter it;
    struct slice key, raw;
    enum status st;

    if (!json_iter_begin(text, &it) || !it.is_object)
        return STATUS_INVALID;
    while ((st = json_iter_next(&it, &key, &raw)) == STATUS_OK) {
        st = add_member(&object, key, raw);
        if (st != STATUS_OK)
            break;
    }
    if (st == STATUS_NOT_FOUND) {
        *ret_object = object;
        return STATUS_OK;
    }
    json_object_release(&object);
    return st;
}

void json_object_release(struct json_object *object)
{
    for (size_t i = 0; i < object->count; i++)
        cJSON_Delete(object->members[i].parsed);
    free(object->members);
    *object = (struct json_object){ 0 };
}

/* Most keys hold no escape and most are not the one that is looked for. */
static bool is_key(const struct json_member *member, struct slice key)
{
    if (member->is_escaped)
        return json_spells(member->key, key);
    return member->key.len == key.len && memcmp(member->key.ptr, key.ptr, key.len) == 0;
}

static struct json_member *find_member(const struct json_object *object, struct slice key)
{
    for (size_t i = 0; i < object->count; i++)
        if (is_key(&object->members[i], key))
            return &object->members[i];
    return NULL;
}

struct slice json_object_raw(const struct json_object *object, struct slice key)
{
    const struct json_member *member = find_member(object, key);

    return member ? member->raw : (struct slice){ NULL, 0 };
}

static enum status parse_member(struct json_member *member)
{
    const char *end = NULL;
    struct slice raw = member->raw;
    cJSON *parsed;

    if (member->parsed)
        return STATUS_OK;
    if (json_has_nul(raw))
        return STATUS_INVALID;
    parsed = cJSON_ParseWithLengthOpts(raw.ptr, raw.len, &end, 0);
    if (!parsed || end != raw.ptr + raw.len) {
        cJSON_Delete(parsed);
        return STATUS_INVALID;
    }
    member->parsed = parsed;
    return STATUS_OK;
}

static const cJSON *get(const cJSON *item, struct slice key)
{
    const cJSON *child = cJSON_IsObject(item) ? item->child : NULL;

    while (child && !slice_equals(slice_of(child->string), key))
        child = child->next;
    return child;
}

struct slice json_object_text(const cJSON *item, struct slice key)
{
    const cJSON *text = get(item, key);

    return cJSON_IsString(text) ? slice_of(text->valuestring) : (struct slice){ NULL, 0 };
}

const cJSON *json_object_pick(const cJSON *array, struct slice key, struct slice value)
{
    const cJSON *element = cJSON_IsArray(array) ? array->child : NULL;

    for (; element; element = element->next) {
        struct slice text = json_object_text(element, key);
        if (text.ptr && slice_equals(text, value))
            return element;
    }
    return NULL;
}

/* selector: what stands between the brackets: "0", "key=text" or "key~text". */
static const cJSON *select_element(const cJSON *array, struct slice selector)
{
    size_t equals = slice_find(selector, '=');
    size_t tilde = slice_find(selector, '~');
    size_t split = equals < tilde ? equals : tilde;
    const cJSON *found = NULL;

    if (!cJSON_IsArray(array))
        return NULL;
    if (split < selector.len)
        found = json_object_pick(
            array, (struct slice){ selector.ptr, split },
            (struct slice){ selector.ptr + split + 1, selector.len - split - 1 });
    return found || equals < selector.len ? found : array->child;
}

/* Splits "name[selector]"; no selector has ptr NULL. */
static struct slice split_selector(struct slice step, struct slice *ret_selector)
{
    size_t bracket = slice_find(step, '[');

    *ret_selector = (struct slice){ NULL, 0 };
    if (bracket < step.len)
        *ret_selector = (struct slice){ step.ptr + bracket + 1, step.len - bracket - 2 };
    return (struct slice){ step.ptr, bracket };
}

enum status json_object_find(struct json_object *object, struct slice path, const cJSON **ret_item)
{
    struct slice step, key, selector;
    struct json_member *member = NULL;
    const cJSON *item = NULL;
    enum status st;

    if (slice_split(&path, '.', &step)) {
        key = split_selector(step, &selector);
        member = find_member(object, key);
    }
    if (member && slice_equals(member->raw, SLICE("null")))
        member = NULL; /* no tree for nothing */
    if (member) {
        st = parse_member(member);
        if (st != STATUS_OK)
            return st;
        item = selector.ptr ? select_element(member->parsed, selector) : member->parsed;
    }
    while (item && slice_split(&path, '.', &step)) {
        key = split_selector(step, &selector);
        item = get(item, key);
        item = item && selector.ptr ? select_element(item, selector) : item;
    }
    *ret_item = cJSON_IsNull(item) ? NULL : item;
    return STATUS_OK;
}
