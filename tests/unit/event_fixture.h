#ifndef CLERK_TESTS_EVENT_FIXTURE_H
#define CLERK_TESTS_EVENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/catalog.h"
#include "worker/event.h"

/* Payloads for the decoder's tests, and short ways to look at what came out. */

struct decoded {
    char *body; /* on the heap, without NUL behind it, so that a read past the end is found */
    size_t len;
    struct event ev;
};

/* A whole file below the project's root; its length, without a NUL behind it. */
static inline char *load_file(const char *path, size_t *ret_len)
{
    char full[512];
    long size;
    char *bytes;
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s/%s", SOURCE_DIR, path);
    file = fopen(full, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    bytes = malloc((size_t)size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    *ret_len = (size_t)size;
    return bytes;
}

/* Takes body. */
static inline struct decoded decode_body(char *body, size_t len, const char *instance_id)
{
    struct decoded d = { .body = body, .len = len };
    struct event_source source = {
        .svix_id = SLICE("msg_1"),
        .sent_s = 1788256801,
        .received_ms = 1788256801500,
        .body = { body, len },
    };

    assert_int_equal(event_decode(&source, slice_of(instance_id), &d.ev), STATUS_OK);
    return d;
}

static inline struct decoded decode_bytes(const char *bytes, size_t len)
{
    char *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    return decode_body(copy, len, "");
}

static inline struct decoded decode_text(const char *json)
{
    return decode_bytes(json, strlen(json));
}

static inline struct decoded decode_file(const char *path)
{
    size_t len;
    char *body = load_file(path, &len);

    return decode_body(body, len, "");
}

static inline struct decoded decode_sample(const char *type)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "ingest/samples/%s.json", type);
    return decode_file(path);
}

static inline void release(struct decoded *d)
{
    event_release(&d->ev);
    free(d->body);
}

static inline const struct value *value_of(const struct row *row, const char *column)
{
    size_t i = catalog_column_index(row->table, column);

    if (i == row->table->column_count)
        fail_msg("%s has no column %s", row->table->name, column);
    return &row->values[i];
}

/* The value as it would be printed by a database shell: NULL, 42, text. */
static inline void print_value(const struct value *value, char *out, size_t size)
{
    if (value->kind == VALUE_NULL)
        (void)snprintf(out, size, "NULL");
    else if (value->kind == VALUE_INT)
        (void)snprintf(out, size, "%" PRId64, value->number);
    else
        (void)snprintf(out, size, "%.*s", SLICE_ARG(value->text));
}

static inline void check_column(const struct row *row, const char *column, const char *expected)
{
    char text[4096];

    print_value(value_of(row, column), text, sizeof(text));
    if (strcmp(text, expected) != 0)
        fail_msg("%s.%s is \"%s\", expected \"%s\"", row->table->name, column, text, expected);
}

static inline void check_slice(struct slice text, const char *expected)
{
    if (!slice_equals(text, slice_of(expected)))
        fail_msg("\"%.*s\", expected \"%s\"", SLICE_ARG(text), expected);
}

static inline bool slice_holds(struct slice text, const char *part)
{
    size_t len = strlen(part);

    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.ptr + i, part, len) == 0)
            return true;
    return false;
}

#endif
