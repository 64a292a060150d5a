#include "worker/event_row.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "common/json_scan.h"
#include "worker/arena.h"
#include "worker/catalog.h"
#include "worker/column.h"
#include "worker/json_object.h"

static const struct catalog_column created_at = { "created_at", "created_at|created_at_ms",
                                                  COLUMN_INT, NULL, NULL };
static const struct catalog_column updated_at = { "updated_at", "updated_at", COLUMN_INT, NULL,
                                                  NULL };

static bool is_id(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == '\x7f')
            return false;
    return text.len > 0 && text.len <= EVENT_ID_MAX;
}

static enum status keep_id(const struct column_reader *reader, struct slice text,
                           struct slice *ret_id)
{
    struct slice copy;

    if (!is_id(text))
        return column_refuse(reader, "clerk_id", "the id is empty, too long or holds spaces");
    copy = arena_copy(reader->arena, text);
    if (!copy.ptr)
        return STATUS_NO_MEMORY;
    *ret_id = copy;
    return STATUS_OK;
}

/* The text of a top-level key; its ptr is NULL when it is absent. */
static enum status read_key(const struct column_reader *reader, struct slice key,
                            struct slice *ret_text)
{
    const cJSON *item = NULL;
    enum status st = json_object_find(reader->object, key, &item);

    if (st == STATUS_INVALID || (st == STATUS_OK && item && !cJSON_IsString(item)))
        return column_refuse(reader, "clerk_id", "the id is not plain text");
    if (st == STATUS_OK)
        *ret_text = item ? slice_of(item->valuestring) : (struct slice){ NULL, 0 };
    return st;
}

static enum status read_id(const struct column_reader *reader, struct slice *ret_id)
{
    struct slice text = { NULL, 0 };
    enum status st = read_key(reader, SLICE("id"), &text);

    if (st != STATUS_OK)
        return st;
    if (!text.ptr)
        return column_refuse(reader, "clerk_id", "the id is missing");
    return keep_id(reader, text, ret_id);
}

/* PARENT:IDENTIFIER, for the elements that Clerk sends without an id. */
static enum status make_child_id(const struct column_reader *reader, struct slice identifier,
                                 struct slice *ret_id)
{
    char id[EVENT_ID_MAX];
    struct slice parent = reader->parent_id;

    if (identifier.len == 0)
        return column_refuse(reader, "clerk_id", "an element has neither id nor identifier");
    if (parent.len + 1 + identifier.len > sizeof(id))
        return column_refuse(reader, "clerk_id",
                             "an element without id has too long an identifier");
    memcpy(id, parent.ptr, parent.len);
    id[parent.len] = ':';
    memcpy(id + parent.len + 1, identifier.ptr, identifier.len);
    return keep_id(reader, (struct slice){ id, parent.len + 1 + identifier.len }, ret_id);
}

static enum status read_child_id(const struct column_reader *reader,
                                 const struct catalog_child *child, struct slice *ret_id)
{
    struct slice id, identifier = { NULL, 0 };
    enum status st = read_key(reader, SLICE("id"), &id);

    if (st == STATUS_OK && id.ptr)
        return keep_id(reader, id, ret_id);
    if (st == STATUS_OK)
        st = read_key(reader, slice_of(child->identifier), &identifier);
    return st == STATUS_OK ? make_child_id(reader, identifier, ret_id) : st;
}

/* All columns of the reader's table; clerk_id, data and event_at are the caller's. */
static enum status read_columns(const struct column_reader *reader, struct row *row)
{
    const struct catalog_table *table = reader->table;
    struct value *values = arena_take_array(reader->arena, table->column_count, sizeof(*values));
    enum status st = values ? STATUS_OK : STATUS_NO_MEMORY;

    for (size_t i = 0; st == STATUS_OK && i < table->column_count; i++)
        st = column_read(reader, &table->columns[i], &values[i]);
    row->table = table;
    row->values = values;
    if (st == STATUS_OK)
        st = column_read(reader, &created_at, &row->created_at);
    return st == STATUS_OK ? column_read(reader, &updated_at, &row->updated_at) : st;
}

/* One element of a child's array; base has the parent's side filled in. */
static enum status read_child(struct column_reader reader, const struct catalog_child *child,
                              struct slice element, struct row *row)
{
    struct json_object object = { 0 };
    enum status st = json_object_read(element, &object);

    reader.object = &object;
    if (st == STATUS_INVALID)
        st = column_refuse(&reader, child->array, "expected objects in the array");
    if (st == STATUS_OK)
        st = read_child_id(&reader, child, &row->clerk_id);
    if (st == STATUS_OK)
        st = read_columns(&reader, row);
    row->data = element;
    json_object_release(&object);
    return st;
}

static size_t count_elements(struct json_iter it)
{
    struct slice key, element;
    size_t count = 0;

    while (json_iter_next(&it, &key, &element) == STATUS_OK)
        count++;
    return count;
}

/* Absent and null are an empty list: the payload is the whole truth about its object. */
static enum status read_children(const struct event *ev, const struct column_reader *parent,
                                 const struct catalog_child *child, struct row_list *list)
{
    struct slice array = json_object_raw(parent->object, slice_of(child->array));
    struct column_reader reader = *parent;
    struct slice key, element;
    struct json_iter it;
    enum status st = STATUS_OK;

    reader.table = child->table;
    reader.parent = parent->object;
    reader.parent_id = ev->clerk_id;
    if (array.len == 0 || slice_equals(array, SLICE("null")))
        return STATUS_OK;
    if (!json_iter_begin(array, &it) || it.is_object)
        return column_refuse(parent, child->array, "expected an array");
    list->count = count_elements(it);
    if (list->count > EVENT_CHILDREN_MAX)
        return column_refuse(parent, child->array, "more than 1000 elements");
    list->rows = arena_take_array(parent->arena, list->count, sizeof(*list->rows));
    if (!list->rows)
        return STATUS_NO_MEMORY;
    for (struct row *row = list->rows;
         st == STATUS_OK && json_iter_next(&it, &key, &element) == STATUS_OK; row++) {
        row->event_at = ev->event_at;
        st = read_child(reader, child, element, row);
    }
    return st;
}

static enum status read_all_children(struct event *ev, const struct column_reader *parent,
                                     const struct catalog_object *described)
{
    size_t count = described->child_count;
    struct row_list *lists = arena_take_array(ev->memory, count, sizeof(*lists));
    enum status st = lists ? STATUS_OK : STATUS_NO_MEMORY;

    for (size_t i = 0; st == STATUS_OK && i < count; i++)
        st = read_children(ev, parent, &described->children[i], &lists[i]);
    ev->children = lists;
    return st;
}

/* The envelope's clock, else the object's, else the delivery's. */
static enum status settle_event_at(struct event *ev, const struct column_reader *reader,
                                   int64_t sent_ms)
{
    struct value clock = { .kind = VALUE_NULL };
    enum status st = STATUS_OK;

    if (ev->event_at == 0) {
        st = column_read(reader, &updated_at, &clock);
        ev->event_at = clock.kind == VALUE_INT ? clock.number : sent_ms;
    }
    ev->row.event_at = ev->event_at;
    return st;
}

enum status event_row_read(struct event *ev, const struct event_row_source *source)
{
    struct column_reader reader = {
        .table = source->described->table,
        .object = source->object,
        .type = ev->type,
        .arena = ev->memory,
        .reason = ev->reason,
    };
    enum status st = read_id(&reader, &ev->clerk_id);

    if (st == STATUS_OK)
        st = settle_event_at(ev, &reader, source->sent_ms);
    if (st != STATUS_OK)
        return st;
    ev->row.table = reader.table;
    ev->row.clerk_id = ev->clerk_id;
    if (source->is_delete)
        return STATUS_OK; /* whatever else a deleted object looks like */
    ev->row.data = source->data;
    st = read_columns(&reader, &ev->row);
    return st == STATUS_OK ? read_all_children(ev, &reader, source->described) : st;
}

#define LIBRARY_TEXT(number) #number
#define LIBRARY_VERSION(major, minor, patch)                                                       \
    LIBRARY_TEXT(major) "." LIBRARY_TEXT(minor) "." LIBRARY_TEXT(patch)

const char *event_library(void)
{
    return "cJSON " LIBRARY_VERSION(CJSON_VERSION_MAJOR, CJSON_VERSION_MINOR, CJSON_VERSION_PATCH);
}
