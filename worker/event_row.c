#include "worker/event_row.h"

#include <string.h>

#include "worker/arena.h"
#include "worker/catalog.h"
#include "worker/column.h"

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

static enum status check_id(const struct column_reader *reader, struct slice text,
                            struct slice *ret_id)
{
    if (!is_id(text))
        return column_refuse(reader, "clerk_id", "the id is empty, too long or holds spaces");
    *ret_id = text;
    return STATUS_OK;
}

/* The text of a top-level key; its ptr is NULL when it is absent. */
static enum status read_key(const struct column_reader *reader, struct slice key,
                            struct slice *ret_text)
{
    struct json_node node = { NULL, 0 };
    enum status st = json_node_find(reader->object, key, &node);

    *ret_text = (struct slice){ NULL, 0 };
    if (st == STATUS_OK && !json_node_exists(node))
        return STATUS_OK;
    if (st == STATUS_INVALID || json_node_kind(node) != JSON_STRING)
        return column_refuse(reader, "clerk_id", "the id is not plain text");
    return json_node_text(node, reader->arena, ret_text);
}

static enum status read_id(const struct column_reader *reader, struct slice *ret_id)
{
    struct slice text = { NULL, 0 };
    enum status st = read_key(reader, SLICE("id"), &text);

    if (st != STATUS_OK)
        return st;
    if (!text.ptr)
        return column_refuse(reader, "clerk_id", "the id is missing");
    return check_id(reader, text, ret_id);
}

/* PARENT:IDENTIFIER, for the elements that Clerk sends without an id. */
static enum status make_child_id(const struct column_reader *reader, struct slice identifier,
                                 struct slice *ret_id)
{
    struct slice parent = reader->parent_id;
    size_t len = parent.len + 1 + identifier.len;
    char *id;

    if (identifier.len == 0)
        return column_refuse(reader, "clerk_id", "an element has neither id nor identifier");
    if (len > EVENT_ID_MAX)
        return column_refuse(reader, "clerk_id",
                             "an element without id has too long an identifier");
    id = arena_take(reader->arena, len);
    if (!id)
        return STATUS_NO_MEMORY;
    memcpy(id, parent.ptr, parent.len);
    id[parent.len] = ':';
    memcpy(id + parent.len + 1, identifier.ptr, identifier.len);
    return check_id(reader, (struct slice){ id, len }, ret_id);
}

static enum status read_child_id(const struct column_reader *reader,
                                 const struct catalog_child *child, struct slice *ret_id)
{
    struct slice id, identifier = { NULL, 0 };
    enum status st = read_key(reader, SLICE("id"), &id);

    if (st == STATUS_OK && id.ptr)
        return check_id(reader, id, ret_id);
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
                              struct json_node element, struct row *row)
{
    enum status st = STATUS_OK;

    reader.object = element;
    if (json_node_kind(element) != JSON_OBJECT)
        return column_refuse(&reader, child->array, "expected objects in the array");
    st = read_child_id(&reader, child, &row->clerk_id);
    if (st == STATUS_OK)
        st = read_columns(&reader, row);
    row->data = json_node_raw(element);
    return st;
}

static size_t count_elements(struct json_node array)
{
    size_t count = 0;

    for (struct json_node it = json_node_first(array); json_node_exists(it);
         it = json_node_after(array, it))
        count++;
    return count;
}

/* Absent and null are an empty list: the payload is the whole truth about its object. */
static enum status read_children(const struct event *ev, const struct column_reader *parent,
                                 const struct catalog_child *child, struct row_list *list)
{
    struct json_node array = json_node_member(parent->object, slice_of(child->array));
    struct column_reader reader = *parent;
    enum status st = STATUS_OK;

    reader.table = child->table;
    reader.parent = parent->object;
    reader.parent_id = ev->clerk_id;
    if (!json_node_exists(array) || json_node_kind(array) == JSON_NULL)
        return STATUS_OK;
    if (json_node_kind(array) != JSON_ARRAY)
        return column_refuse(parent, child->array, "expected an array");
    list->count = count_elements(array);
    if (list->count > EVENT_CHILDREN_MAX)
        return column_refuse(parent, child->array, "more than 1000 elements");
    list->rows = arena_take_array(parent->arena, list->count, sizeof(*list->rows));
    if (!list->rows)
        return STATUS_NO_MEMORY;
    struct json_node element = json_node_first(array);
    for (struct row *row = list->rows; st == STATUS_OK && json_node_exists(element); row++) {
        row->event_at = ev->event_at;
        st = read_child(reader, child, element, row);
        element = json_node_after(array, element);
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
    ev->row.data = json_node_raw(source->object);
    st = read_columns(&reader, &ev->row);
    return st == STATUS_OK ? read_all_children(ev, &reader, source->described) : st;
}
