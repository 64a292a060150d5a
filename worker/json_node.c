#include "worker/json_node.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "common/json_scan.h"
#include "worker/arena.h"
#include "worker/json_index.h"

static const struct json_node none = { NULL, 0 };

static const struct json_token *token_of(struct json_node node)
{
    return &node.tape->tokens[node.place];
}

static bool is_kind(struct json_node node, enum json_kind kind)
{
    return node.tape && token_of(node)->kind == kind;
}

struct json_node json_node_root(const struct json_tape *tape)
{
    return (struct json_node){ tape, 0 };
}

bool json_node_exists(struct json_node node)
{
    return node.tape != NULL;
}

enum json_kind json_node_kind(struct json_node node)
{
    return (enum json_kind)token_of(node)->kind;
}

struct slice json_node_raw(struct json_node node)
{
    if (!node.tape)
        return (struct slice){ NULL, 0 };
    return (struct slice){ node.tape->text.ptr + token_of(node)->begin, token_of(node)->len };
}

/* What stands between the quotes of a string. */
static struct slice inside(const struct json_tape *tape, const struct json_token *string)
{
    return (struct slice){ tape->text.ptr + string->begin + 1, string->len - 2 };
}

/* Most strings hold no escape and most are of another length than the one that is looked for. */
static bool spells(const struct json_tape *tape, const struct json_token *string, struct slice text)
{
    if (string->is_escaped)
        return json_spells(inside(tape, string), text);
    return string->len == text.len + 2 &&
           memcmp(tape->text.ptr + string->begin + 1, text.ptr, text.len) == 0;
}

void json_node_index(struct json_tape *tape, struct json_node object)
{
    if (is_kind(object, JSON_OBJECT))
        json_index_build(tape, object.place);
}

struct json_node json_node_member(struct json_node object, struct slice key)
{
    const struct json_token *tokens;
    uint32_t end, found;

    if (!is_kind(object, JSON_OBJECT))
        return none;
    if (json_index_find(object.tape, object.place, key, &found))
        return found ? (struct json_node){ object.tape, found + 1 } : none;
    tokens = object.tape->tokens;
    end = tokens[object.place].next;
    for (uint32_t i = object.place + 1; i < end; i = tokens[i + 1].next)
        if (spells(object.tape, &tokens[i], key))
            return (struct json_node){ object.tape, i + 1 };
    return none;
}

struct json_node json_node_first(struct json_node array)
{
    if (!is_kind(array, JSON_ARRAY) || token_of(array)->next == array.place + 1)
        return none;
    return (struct json_node){ array.tape, array.place + 1 };
}

struct json_node json_node_after(struct json_node array, struct json_node element)
{
    uint32_t next = token_of(element)->next;

    return next < token_of(array)->next ? (struct json_node){ array.tape, next } : none;
}

bool json_node_spells(struct json_node node, struct slice text)
{
    return is_kind(node, JSON_STRING) && spells(node.tape, token_of(node), text);
}

struct json_node json_node_pick(struct json_node array, struct slice key, struct slice text)
{
    struct json_node element = json_node_first(array);

    while (element.tape && !json_node_spells(json_node_member(element, key), text))
        element = json_node_after(array, element);
    return element;
}

/* selector: what stands between the brackets: "0", "key=text" or "key~text". */
static struct json_node select_element(struct json_node array, struct slice selector)
{
    size_t equals = slice_find(selector, '=');
    size_t tilde = slice_find(selector, '~');
    size_t split = equals < tilde ? equals : tilde;
    struct json_node found = none;

    if (split < selector.len)
        found = json_node_pick(
            array, (struct slice){ selector.ptr, split },
            (struct slice){ selector.ptr + split + 1, selector.len - split - 1 });
    return found.tape || equals < selector.len ? found : json_node_first(array);
}

/* One step of a path: "name" or "name[selector]"; without one its ptr is NULL. */
struct step {
    struct slice name;
    struct slice selector;
};

static bool take_step(struct slice *path, struct step *ret_step)
{
    struct slice text;
    size_t bracket;

    if (!slice_split(path, '.', &text))
        return false;
    bracket = slice_find(text, '[');
    *ret_step = (struct step){ .name = { text.ptr, bracket } };
    if (bracket < text.len)
        ret_step->selector = (struct slice){ text.ptr + bracket + 1, text.len - bracket - 2 };
    return true;
}

/* Hardly any event has anything spoilt in it. */
static bool is_spoilt(struct json_node node)
{
    if (!node.tape || !node.tape->is_spoilt)
        return false;
    for (uint32_t i = node.place; i < token_of(node)->next; i++)
        if (node.tape->tokens[i].is_spoilt)
            return true;
    return false;
}

enum status json_node_find(struct json_node object, struct slice path, struct json_node *ret_node)
{
    struct step step;
    struct json_node node = path.len > 0 ? object : none;

    while (node.tape && take_step(&path, &step)) {
        bool is_member = node.place == object.place;

        node = json_node_member(node, step.name);
        if (is_member && is_spoilt(node))
            return STATUS_INVALID;
        if (step.selector.ptr)
            node = select_element(node, step.selector);
    }
    *ret_node = is_kind(node, JSON_NULL) ? none : node;
    return STATUS_OK;
}

static cJSON *parse(struct json_node node)
{
    struct slice raw = json_node_raw(node);

    return cJSON_ParseWithLengthOpts(raw.ptr, raw.len, NULL, 0);
}

enum status json_node_text(struct json_node string, struct arena *arena, struct slice *ret_text)
{
    struct slice text = inside(string.tape, token_of(string));
    cJSON *parsed;

    if (!token_of(string)->is_escaped) {
        *ret_text = text;
        return STATUS_OK;
    }
    parsed = parse(string);
    text = cJSON_IsString(parsed) ? arena_copy(arena, slice_of(parsed->valuestring))
                                  : (struct slice){ NULL, 0 };
    cJSON_Delete(parsed);
    if (!text.ptr)
        return STATUS_NO_MEMORY;
    *ret_text = text;
    return STATUS_OK;
}

double json_node_number(struct json_node number)
{
    cJSON *parsed = parse(number);
    double value = cJSON_IsNumber(parsed) ? parsed->valuedouble : HUGE_VAL;

    cJSON_Delete(parsed);
    return value;
}

#define LIBRARY_TEXT(number) #number
#define LIBRARY_VERSION(major, minor, patch)                                                       \
    LIBRARY_TEXT(major) "." LIBRARY_TEXT(minor) "." LIBRARY_TEXT(patch)

const char *json_node_library(void)
{
    return "cJSON " LIBRARY_VERSION(CJSON_VERSION_MAJOR, CJSON_VERSION_MINOR, CJSON_VERSION_PATCH);
}
