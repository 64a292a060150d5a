#include "worker/column.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/arena.h"
#include "worker/event.h"
#include "worker/json_object.h"

/* From 2^53 on a double no longer tells whole numbers apart: 2^53 may have been 2^53 + 1. */
#define EXACT_MAX 9007199254740991.0

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

static const char *kind_name(const cJSON *item)
{
    static const struct {
        int type;
        const char *name;
    } kinds[] = {
        { cJSON_String, "a string" }, { cJSON_Number, "a number" }, { cJSON_True, "true" },
        { cJSON_False, "false" },     { cJSON_Array, "an array" },  { cJSON_Object, "an object" },
    };
    size_t i = 0;

    while (i + 1 < sizeof(kinds) / sizeof(kinds[0]) && kinds[i].type != (item->type & 0xFF))
        i++;
    return kinds[i].name;
}

static enum status wrong_kind(const struct column_reader *reader,
                              const struct catalog_column *column, const char *expected,
                              const cJSON *got)
{
    char complaint[COLUMN_REASON_MAX / 2];

    (void)snprintf(complaint, sizeof(complaint), "expected %s, got %s", expected, kind_name(got));
    return column_refuse(reader, column->name, complaint);
}

/* Follows one path without alternatives. */
static enum status find(const struct column_reader *reader, const struct catalog_column *column,
                        struct json_object *object, struct slice path, const cJSON **ret_item)
{
    enum status st = json_object_find(object, path, ret_item);

    if (st == STATUS_INVALID)
        st = column_refuse(reader, column->name,
                           "the value holds an escaped NUL, half a surrogate pair "
                           "or an overlong number");
    return st;
}

static enum status find_any(const struct column_reader *reader, const struct catalog_column *column,
                            const cJSON **ret_item)
{
    struct slice paths = slice_of(column->path), path;
    const cJSON *item = NULL;

    while (!item && slice_split(&paths, '|', &path)) {
        enum status st = find(reader, column, reader->object, path, &item);
        if (st != STATUS_OK)
            return st;
    }
    *ret_item = item;
    return STATUS_OK;
}

/* NULL: it is one; else what is wrong with it. */
static const char *check_whole(double number)
{
    if (!(number >= -EXACT_MAX && number <= EXACT_MAX))
        return "expected a whole number below 2^53, got one beyond";
    if ((double)(int64_t)number < number || (double)(int64_t)number > number)
        return "expected a whole number, got a fraction";
    return NULL;
}

static enum status copy_text(const struct column_reader *reader, struct slice text,
                             struct value *ret_value)
{
    struct slice copy = arena_copy(reader->arena, text);

    if (!copy.ptr)
        return STATUS_NO_MEMORY;
    *ret_value = text_value(copy);
    return STATUS_OK;
}

static enum status number_as_text(const struct column_reader *reader,
                                  const struct catalog_column *column, const cJSON *item,
                                  struct value *ret_value)
{
    const char *complaint = check_whole(item->valuedouble);
    char text[32];

    if (complaint)
        return column_refuse(reader, column->name, complaint);
    (void)snprintf(text, sizeof(text), "%" PRId64, (int64_t)item->valuedouble);
    return copy_text(reader, slice_of(text), ret_value);
}

static enum status read_text(const struct column_reader *reader,
                             const struct catalog_column *column, struct value *ret_value)
{
    const cJSON *item = NULL;
    enum status st;

    if (strcmp(column->path, "$type") == 0 || strcmp(column->path, "$parent") == 0) {
        *ret_value = text_value(column->path[1] == 't' ? reader->type : reader->parent_id);
        return STATUS_OK;
    }
    st = find_any(reader, column, &item);
    if (st != STATUS_OK)
        return st;
    *ret_value = null_value;
    if (!item || (column->kind == COLUMN_ID && cJSON_IsString(item) && !item->valuestring[0]))
        return STATUS_OK;
    if (column->kind == COLUMN_ID && cJSON_IsString(item) &&
        strlen(item->valuestring) > EVENT_ID_MAX)
        return column_refuse(reader, column->name, "the id is too long");
    if (cJSON_IsNumber(item))
        return number_as_text(reader, column, item, ret_value);
    if (cJSON_IsBool(item))
        *ret_value = text_value(cJSON_IsTrue(item) ? SLICE("true") : SLICE("false"));
    else if (cJSON_IsString(item))
        return copy_text(reader, slice_of(item->valuestring), ret_value);
    else
        return wrong_kind(reader, column, "text", item);
    return STATUS_OK;
}

static enum status read_int(const struct column_reader *reader, const struct catalog_column *column,
                            struct value *ret_value)
{
    const cJSON *item = NULL;
    const char *complaint;
    enum status st = find_any(reader, column, &item);

    if (st != STATUS_OK)
        return st;
    if (item && !cJSON_IsNumber(item))
        return wrong_kind(reader, column, "a whole number", item);
    complaint = item ? check_whole(item->valuedouble) : NULL;
    if (complaint)
        return column_refuse(reader, column->name, complaint);
    *ret_value = item ? int_value((int64_t)item->valuedouble) : null_value;
    return STATUS_OK;
}

static enum status read_bool(const struct column_reader *reader,
                             const struct catalog_column *column, struct value *ret_value)
{
    const cJSON *item = NULL;
    enum status st = find_any(reader, column, &item);

    if (st != STATUS_OK)
        return st;
    if (item && !cJSON_IsBool(item))
        return wrong_kind(reader, column, "true or false", item);
    *ret_value = item ? int_value(cJSON_IsTrue(item)) : null_value;
    return STATUS_OK;
}

static enum status read_json(const struct column_reader *reader,
                             const struct catalog_column *column, struct value *ret_value)
{
    struct slice raw = json_object_raw(reader->object, slice_of(column->path));
    bool is_null = raw.len == 0 || slice_equals(raw, SLICE("null"));

    *ret_value = is_null ? null_value : text_value(raw);
    return STATUS_OK;
}

/* The text that column->primary picks out of object; its ptr is NULL when there is none. */
static enum status pick_primary(const struct column_reader *reader,
                                const struct catalog_column *column, struct json_object *object,
                                struct slice *ret_text)
{
    const struct catalog_primary *primary = column->primary;
    const cJSON *array = NULL, *id = NULL, *element = NULL;
    enum status st = find(reader, column, object, slice_of(primary->array), &array);

    if (st == STATUS_OK)
        st = find(reader, column, object, slice_of(primary->id_path), &id);
    if (st != STATUS_OK)
        return st;
    if (cJSON_IsString(id))
        element = json_object_pick(array, SLICE("id"), slice_of(id->valuestring));
    *ret_text = json_object_text(element, slice_of(primary->value));
    return STATUS_OK;
}

static enum status read_primary(const struct column_reader *reader,
                                const struct catalog_column *column, struct value *ret_value)
{
    struct slice text;
    enum status st = pick_primary(reader, column, reader->object, &text);

    if (st != STATUS_OK)
        return st;
    *ret_value = null_value;
    return text.ptr ? copy_text(reader, text, ret_value) : STATUS_OK;
}

static enum status read_is_primary(const struct column_reader *reader,
                                   const struct catalog_column *column, struct value *ret_value)
{
    const cJSON *item = NULL;
    struct slice text;
    enum status st = find_any(reader, column, &item);

    if (st == STATUS_OK)
        st = pick_primary(reader, column, reader->parent, &text);
    if (st != STATUS_OK)
        return st;
    *ret_value = int_value(text.ptr && item && cJSON_IsString(item) &&
                           slice_equals(text, slice_of(item->valuestring)));
    return STATUS_OK;
}

static enum status read_verified(const struct column_reader *reader,
                                 const struct catalog_column *column, struct value *ret_value)
{
    struct slice paths = slice_of(column->path), path;
    int64_t verified = 0;

    while (!verified && slice_split(&paths, '|', &path)) {
        const cJSON *item = NULL;
        enum status st = find(reader, column, reader->object, path, &item);
        if (st != STATUS_OK)
            return st;
        verified = cJSON_IsString(item) && strcmp(item->valuestring, "verified") == 0;
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
