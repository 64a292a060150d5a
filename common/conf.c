#include "common/conf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/conf_source.h"
#include "common/slice.h"

enum { SHOWN_MAX = 40, KIBI = 1024 }; /* how much of a wrong value a message repeats */

void conf_wipe(void *bytes, size_t size)
{
    if (size > 0)
        explicit_bzero(bytes, size);
}

static bool is_text(enum conf_kind kind)
{
    return kind == CONF_TEXT || kind == CONF_SECRET || kind == CONF_URL;
}

static char **text_field(const struct conf_key *key, void *conf)
{
    return (char **)(void *)((char *)conf + key->offset);
}

static int64_t *number_field(const struct conf_key *key, void *conf)
{
    return (int64_t *)(void *)((char *)conf + key->offset);
}

static void release_text(char **text)
{
    if (*text != NULL)
        conf_wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

/* The wrong value in quotes, fit for one line on a terminal. */
static void quote(const struct conf_source *source, char out[SHOWN_MAX + 8])
{
    struct slice text = slice_of(source->text);
    size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;

    if (source->from_file) {
        (void)snprintf(out, SHOWN_MAX + 8, "the content");
        return;
    }
    (void)snprintf(out, SHOWN_MAX + 8, "\"%.*s%s\"", (int)len, text.ptr,
                   len < text.len ? "..." : "");
    for (char *c = out; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static bool read_bytes(struct slice text, const struct conf_key *key, int64_t *ret_number)
{
    int64_t unit = 1;
    int64_t number;

    if (slice_ends_with(text, SLICE("KiB")))
        unit = KIBI;
    else if (slice_ends_with(text, SLICE("MiB")))
        unit = (int64_t)KIBI * KIBI;
    if (unit > 1)
        text = slice_trim((struct slice){ text.ptr, text.len - 3 });
    if (!slice_to_i64(text, 0, INT64_MAX / unit, &number))
        return false;
    if (number * unit < key->min || number * unit > key->max)
        return false;
    *ret_number = number * unit;
    return true;
}

static bool read_choice(struct slice text, const struct conf_key *key, int64_t *ret_number)
{
    for (size_t i = 0; key->choices[i] != NULL; i++) {
        if (slice_equals(text, slice_of(key->choices[i]))) {
            *ret_number = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool read_number(struct slice text, const struct conf_key *key, int64_t *ret_number)
{
    switch (key->kind) {
    case CONF_INT:
        return slice_to_i64(text, key->min, key->max, ret_number);
    case CONF_BYTES:
        return read_bytes(text, key, ret_number);
    case CONF_CHOICE:
        return read_choice(text, key, ret_number);
    case CONF_TEXT:
    case CONF_SECRET:
    case CONF_URL:
        break;
    }
    assert(0 && "a kind of setting that has no number");
    return false;
}

static void describe_choices(const struct conf_key *key, struct buf *out)
{
    buf_printf(out, "one of");
    for (size_t i = 0; key->choices[i] != NULL; i++)
        buf_printf(out, "%s %s", i ? "," : "", key->choices[i]);
}

/* What would have been right. */
static void describe(const struct conf_key *key, struct buf *out)
{
    if (key->kind == CONF_CHOICE)
        describe_choices(key, out);
    else if (key->kind == CONF_BYTES)
        buf_printf(out, "a size between %" PRId64 " and %" PRId64 " bytes (KiB or MiB may follow)",
                   key->min, key->max);
    else
        buf_printf(out, "a whole number between %" PRId64 " and %" PRId64, key->min, key->max);
}

static enum status fill_number(const struct conf_key *key, const struct conf_source *source,
                               void *conf, char ret_error[CONF_ERROR_MAX])
{
    char shown[SHOWN_MAX + 8];
    struct buf wanted = buf_make(CONF_ERROR_MAX);

    if (read_number(slice_of(source->text), key, number_field(key, conf)))
        return STATUS_OK;
    quote(source, shown);
    describe(key, &wanted);
    (void)snprintf(ret_error, CONF_ERROR_MAX, "%s: %s is not %s", source->variable, shown,
                   buf_text(&wanted));
    buf_release(&wanted);
    return STATUS_INVALID;
}

static enum status find_or_fallback(const struct conf_key *key, conf_lookup_fn *lookup,
                                    struct conf_source *ret_source, char ret_error[CONF_ERROR_MAX])
{
    struct conf_source source = { 0 };
    enum status st = conf_source_find(key, lookup, &source, ret_error);

    if (st == STATUS_OK && source.text == NULL && key->fallback == NULL) {
        (void)snprintf(ret_error, CONF_ERROR_MAX, "%s is required (or %s_FILE): %s", key->name,
                       key->name, key->help ? key->help : "no default");
        return STATUS_INVALID;
    }
    if (st == STATUS_OK && source.text == NULL) {
        source.text = slice_dup(slice_of(key->fallback));
        st = source.text ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (st == STATUS_OK)
        *ret_source = source;
    return st;
}

static enum status load_one(const struct conf_key *key, conf_lookup_fn *lookup, void *conf,
                            char ret_error[CONF_ERROR_MAX])
{
    struct conf_source source = { 0 };
    enum status st = find_or_fallback(key, lookup, &source, ret_error);

    if (st != STATUS_OK)
        return st;
    if (is_text(key->kind)) {
        *text_field(key, conf) = source.text;
        return STATUS_OK;
    }
    st = fill_number(key, &source, conf, ret_error);
    release_text(&source.text);
    return st;
}

enum status conf_load(const struct conf_key *keys, size_t count, conf_lookup_fn *lookup, void *conf,
                      char ret_error[CONF_ERROR_MAX])
{
    enum status st = STATUS_OK;

    (void)snprintf(ret_error, CONF_ERROR_MAX, "out of memory");
    for (size_t i = 0; i < count && st == STATUS_OK; i++)
        st = load_one(&keys[i], lookup, conf, ret_error);
    return st;
}

enum status conf_reload_text(const struct conf_key *key, conf_lookup_fn *lookup, char **ret_text,
                             char ret_error[CONF_ERROR_MAX])
{
    struct conf_source source = { 0 };
    enum status st;

    assert(is_text(key->kind));
    (void)snprintf(ret_error, CONF_ERROR_MAX, "out of memory");
    st = find_or_fallback(key, lookup, &source, ret_error);
    if (st == STATUS_OK)
        *ret_text = source.text;
    return st;
}

void conf_release(const struct conf_key *keys, size_t count, void *conf)
{
    for (size_t i = 0; i < count; i++)
        if (is_text(keys[i].kind))
            release_text(text_field(&keys[i], conf));
}
