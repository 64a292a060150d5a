#include "worker/column.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/arena.h"
#include "worker/event.h"

/* From 2^53 on a double no longer tells whole numbers apart: 2^53 may have been 2^53 + 1. */
static const int64_t EXACT_MAX = ((int64_t)1 << 53) - 1;

static const struct value null_value = { .kind = VALUE_NULL };

static struct value int_value(int64_t number)
{
    return (struct value){ .kind = VALUE_INT, .number = number };
}

static struct value text_value(struct slice text)
{
    return (struct value){ .kind = VALUE_TEXT, .text = text };
}

enum status column_refuse(const struct column_reader *reader, const char *name,
                          const char *complaint)
{
    (void)snprintf(reader->reason, COLUMN_REASON_MAX, "%s.%s: %s", reader->table->name, name,
                   complaint);
    return STATUS_BAD_DATA;
}

static const char *kind_name(struct json_node node)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",        [JSON_FALSE] = "false",     [JSON_TRUE] = "true",
        [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object",
    };

    return names[json_node_kind(node)];
}

static enum status wrong_kind(const struct column_reader *reader,
                              const struct catalog_column *column, const char *expected,
                              struct json_node got)
{
    char complaint[COLUMN_REASON_MAX / 2];

    (void)snprintf(complaint, sizeof(complaint), "expected %s, got %s", expected, kind_name(got));
    return column_refuse(reader, column->name, complaint);
}

/* Follows one path without alternatives. */
static enum status find(const struct column_reader *reader, const struct catalog_column *column,
                        struct json_node object, struct slice path, struct json_node *ret_node)
{
    enum status st = json_node_find(object, path, ret_node);

    if (st == STATUS_INVALID)
        st = column_refuse(reader, column->name,
                           "the value holds an escaped NUL or half a surrogate pair");
    return st;
}

static enum status find_any(const struct column_reader *reader, const struct catalog_column *column,
                            struct json_node *ret_node)
{
    struct slice paths = slice_of(column->path), path;
    struct json_node node = { NULL, 0 };

    while (!json_node_exists(node) && slice_split(&paths, '|', &path)) {
        enum status st = find(reader, column, reader->object, path, &node);
        if (st != STATUS_OK)
            return st;
    }
    *ret_node = node;
    return STATUS_OK;
}

static bool is_kind(struct json_node node, enum json_kind kind)
{
    return json_node_exists(node) && json_node_kind(node) == kind;
}

static bool is_bool(struct json_node node)
{
    return is_kind(node, JSON_TRUE) || is_kind(node, JSON_FALSE);
}

/* For what is not simply digits. */
static enum status read_whole_double(const struct column_reader *reader,
                                     const struct catalog_column *column, double number,
                                     int64_t *ret_number)
{
    if (!(number >= (double)-EXACT_MAX && number <= (double)EXACT_MAX))
        return column_refuse(reader, column->name,
                             "expected a whole number below 2^53, got one beyond");
    if ((double)(int64_t)number < number || (double)(int64_t)number > number)
        return column_refuse(reader, column->name, "expected a whole number, got a fraction");
    *ret_number = (int64_t)number;
    return STATUS_OK;
}

static enum status read_whole(const struct column_reader *reader,
                              const struct catalog_column *column, struct json_node node,
                              int64_t *ret_number)
{
    if (slice_to_i64(json_node_raw(node), -EXACT_MAX, EXACT_MAX, ret_number))
        return STATUS_OK;
    return read_whole_double(reader, column, json_node_number(node), ret_number);
}

static enum status number_as_text(const struct column_reader *reader,
                                  const struct catalog_column *column, struct json_node node,
                                  struct value *ret_value)
{
    char text[32];
    int64_t number = 0;
    struct slice copy;
    enum status st = read_whole(reader, column, node, &number);

    if (st != STATUS_OK)
        return st;
    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    copy = arena_copy(reader->arena, slice_of(text));
    if (!copy.ptr)
        return STATUS_NO_MEMORY;
    *ret_value = text_value(copy);
    return STATUS_OK;
}

static enum status read_string(const struct column_reader *reader,
                               const struct catalog_column *column, struct json_node node,
                               struct value *ret_value)
{
    struct slice text = { NULL, 0 };
    enum status st = json_node_text(node, reader->arena, &text);

    if (st != STATUS_OK)
        return st;
    if (column->kind == COLUMN_ID && text.len > EVENT_ID_MAX)
        return column_refuse(reader, column->name, "the id is too long");
    *ret_value = column->kind == COLUMN_ID && text.len == 0 ? null_value : text_value(text);
    return STATUS_OK;
}

static enum status read_text(const struct column_reader *reader,
                             const struct catalog_column *column, struct value *ret_value)
{
    struct json_node node;
    enum status st;

    if (strcmp(column->path, "$type") == 0 || strcmp(column->path, "$parent") == 0) {
        *ret_value = text_value(column->path[1] == 't' ? reader->type : reader->parent_id);
        return STATUS_OK;
    }
    st = find_any(reader, column, &node);
    if (st != STATUS_OK)
        return st;
    if (is_kind(node, JSON_STRING))
        return read_string(reader, column, node, ret_value);
    if (is_kind(node, JSON_NUMBER))
        return number_as_text(reader, column, node, ret_value);
    if (json_node_exists(node) && !is_bool(node))
        return wrong_kind(reader, column, "text", node);
    *ret_value = json_node_exists(node) ? text_value(json_node_raw(node)) : null_value;
    return STATUS_OK;
}

static enum status read_int(const struct column_reader *reader, const struct catalog_column *column,
                            struct value *ret_value)
{
    struct json_node node;
    int64_t number = 0;
    enum status st = find_any(reader, column, &node);

    if (st != STATUS_OK)
        return st;
    *ret_value = null_value;
    if (!json_node_exists(node))
        return STATUS_OK;
    if (!is_kind(node, JSON_NUMBER))
        return wrong_kind(reader, column, "a whole number", node);
    st = read_whole(reader, column, node, &number);
    if (st == STATUS_OK)
        *ret_value = int_value(number);
    return st;
}

static enum status read_bool(const struct column_reader *reader,
                             const struct catalog_column *column, struct value *ret_value)
{
    struct json_node node;
    enum status st = find_any(reader, column, &node);

    if (st != STATUS_OK)
        return st;
    if (json_node_exists(node) && !is_bool(node))
        return wrong_kind(reader, column, "true or false", node);
    *ret_value = json_node_exists(node) ? int_value(is_kind(node, JSON_TRUE)) : null_value;
    return STATUS_OK;
}

static enum status read_json(const struct column_reader *reader,
                             const struct catalog_column *column, struct value *ret_value)
{
    struct json_node node = json_node_member(reader->object, slice_of(column->path));
    bool is_null = !json_node_exists(node) || is_kind(node, JSON_NULL);

    *ret_value = is_null ? null_value : text_value(json_node_raw(node));
    return STATUS_OK;
}

/* The string that column->primary picks out of object; none when there is none. */
static enum status pick_primary(const struct column_reader *reader,
                                const struct catalog_column *column, struct json_node object,
                                struct json_node *ret_string)
{
    const struct catalog_primary *primary = column->primary;
    struct json_node array, id = { NULL, 0 }, string = { NULL, 0 };
    struct slice text;
    enum status st = find(reader, column, object, slice_of(primary->array), &array);

    if (st == STATUS_OK)
        st = find(reader, column, object, slice_of(primary->id_path), &id);
    if (st == STATUS_OK && is_kind(id, JSON_STRING)) {
        st = json_node_text(id, reader->arena, &text);
        if (st == STATUS_OK)
            string = json_node_member(json_node_pick(array, SLICE("id"), text),
                                      slice_of(primary->value));
    }
    if (st == STATUS_OK)
        *ret_string = is_kind(string, JSON_STRING) ? string : (struct json_node){ NULL, 0 };
    return st;
}

static enum status read_primary(const struct column_reader *reader,
                                const struct catalog_column *column, struct value *ret_value)
{
    struct json_node string = { NULL, 0 };
    enum status st = pick_primary(reader, column, reader->object, &string);

    if (st != STATUS_OK)
        return st;
    *ret_value = null_value;
    return json_node_exists(string) ? read_string(reader, column, string, ret_value) : STATUS_OK;
}

static enum status read_is_primary(const struct column_reader *reader,
                                   const struct catalog_column *column, struct value *ret_value)
{
    struct json_node node, string = { NULL, 0 };
    struct slice text = { NULL, 0 };
    enum status st = find_any(reader, column, &node);

    if (st == STATUS_OK)
        st = pick_primary(reader, column, reader->parent, &string);
    if (st == STATUS_OK && json_node_exists(string))
        st = json_node_text(string, reader->arena, &text);
    if (st == STATUS_OK)
        *ret_value = int_value(text.ptr && json_node_spells(node, text));
    return st;
}

static enum status read_verified(const struct column_reader *reader,
                                 const struct catalog_column *column, struct value *ret_value)
{
    struct slice paths = slice_of(column->path), path;
    bool verified = false;

    while (!verified && slice_split(&paths, '|', &path)) {
        struct json_node node;
        enum status st = find(reader, column, reader->object, path, &node);
        if (st != STATUS_OK)
            return st;
        verified = json_node_spells(node, SLICE("verified"));
    }
    *ret_value = int_value(verified);
    return STATUS_OK;
}

enum status column_read(const struct column_reader *reader, const struct catalog_column *column,
                        struct value *ret_value)
{
    static enum status (*const readers[])(const struct column_reader *,
                                          const struct catalog_column *, struct value *) = {
        [COLUMN_TEXT] = read_text,
        [COLUMN_ID] = read_text,
        [COLUMN_INT] = read_int,
        [COLUMN_BOOL] = read_bool,
        [COLUMN_JSON] = read_json,
        [COLUMN_PRIMARY] = read_primary,
        [COLUMN_IS_PRIMARY] = read_is_primary,
        [COLUMN_VERIFIED] = read_verified,
    };

    return readers[column->kind](reader, column, ret_value);
}
