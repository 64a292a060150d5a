#include "worker/import_reader.h"

#include "common/json_scan.h"

enum { LAST_SPACE = 0x20 };

struct import_reader import_reader_make(import_object_fn *fn, void *arg)
{
    return (struct import_reader){
        .fn = fn, .arg = arg, .value = buf_make(IMPORT_VALUE_MAX_BYTES), .why = ""
    };
}

void import_reader_release(struct import_reader *reader)
{
    buf_release(&reader->value);
}

static enum status refuse(struct import_reader *reader, const char *why)
{
    reader->why = why;
    return STATUS_INVALID;
}

/* The member name of an object; empty when it is not there or the object is malformed. */
static struct slice member(struct slice object, struct slice name)
{
    struct slice key, value;
    struct json_iter it;
    if (!json_iter_begin(object, &it) || !it.is_object)
        return SLICE("");
    while (json_iter_next(&it, &key, &value) == STATUS_OK)
        if (json_spells(key, name))
            return value;
    return SLICE("");
}

static enum status give_each(struct import_reader *reader, struct slice list)
{
    struct slice key, value;
    struct json_iter it;
    enum status st = STATUS_OK;
    if (!json_iter_begin(list, &it))
        return refuse(reader, "a page whose data is no list");
    while (st == STATUS_OK && (st = json_iter_next(&it, &key, &value)) == STATUS_OK)
        st = reader->fn(reader->arg, value);
    if (st == STATUS_INVALID)
        reader->why = "malformed JSON";
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* Objects have an id, pages have none. */
static enum status give(struct import_reader *reader, struct slice value)
{
    struct slice data = member(value, SLICE("data"));
    if (member(value, SLICE("id")).len > 0)
        return reader->fn(reader->arg, value);
    if (data.len > 0 && data.ptr[0] == '[')
        return give_each(reader, data);
    if (member(value, SLICE("errors")).len > 0)
        return refuse(reader, "an error that Clerk's API answered, in place of objects");
    return reader->fn(reader->arg, value); /* says what it misses */
}

static enum status finish_value(struct import_reader *reader)
{
    enum status st = buf_status(&reader->value);
    struct slice value;
    if (st == STATUS_TOO_BIG)
        reader->why = "one object or page is larger than 64 MiB: ask for smaller pages";
    if (st == STATUS_OK && !json_scan_whole(buf_slice(&reader->value), &value))
        st = refuse(reader, "malformed JSON");
    if (st == STATUS_OK)
        st = give(reader, value);
    buf_clear(&reader->value);
    return st;
}

static enum status outside(struct import_reader *reader, char c)
{
    if ((unsigned char)c <= LAST_SPACE || (c == ',' && reader->in_array))
        return STATUS_OK;
    if (c == '[' && !reader->in_array) {
        reader->in_array = true;
        return STATUS_OK;
    }
    if (c == ']' && reader->in_array) {
        reader->in_array = false;
        return STATUS_OK;
    }
    if (c != '{')
        return refuse(reader, "something that is neither an object nor a list of objects");
    reader->depth = 1;
    return STATUS_OK;
}

static void inside(struct import_reader *reader, char c)
{
    if (reader->escaped)
        reader->escaped = false;
    else if (reader->in_string && c == '\\')
        reader->escaped = true;
    else if (c == '"')
        reader->in_string = !reader->in_string;
    else if (!reader->in_string && (c == '{' || c == '['))
        reader->depth++;
    else if (!reader->in_string && (c == '}' || c == ']'))
        reader->depth--;
}

enum status import_reader_feed(struct import_reader *reader, struct slice piece)
{
    enum status st = STATUS_OK;
    size_t begin = 0; /* of what belongs to the value */
    for (size_t i = 0; st == STATUS_OK && i < piece.len; i++) {
        if (reader->depth == 0) {
            st = outside(reader, piece.ptr[i]);
            begin = i;
            continue;
        }
        inside(reader, piece.ptr[i]);
        if (reader->depth > 0)
            continue;
        buf_append(&reader->value, (struct slice){ piece.ptr + begin, i + 1 - begin });
        st = finish_value(reader);
    }
    if (st == STATUS_OK && reader->depth > 0)
        buf_append(&reader->value, (struct slice){ piece.ptr + begin, piece.len - begin });
    return st;
}

enum status import_reader_end(struct import_reader *reader)
{
    if (reader->depth > 0 || reader->in_array)
        return refuse(reader, "it ends in the middle");
    return STATUS_OK;
}
