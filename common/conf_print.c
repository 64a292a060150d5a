#include "common/conf.h"

#include <assert.h>
#include <inttypes.h>

#include "common/slice.h"

/* How settings are shown: the other half of conf.h. */

static const struct slice password_key = { "password=", 9 };

static void put_safe(struct slice text, FILE *out)
{
    for (size_t i = 0; i < text.len; i++) {
        bool control = (unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7F;
        (void)fputc(control ? '?' : text.ptr[i], out);
    }
}

/* Prints s with the values of password= (and sslpassword=, in any case) as "***". A quoted value
 * may hold anything, so it hides all that follows. */
static void put_query(struct slice s, FILE *out)
{
    while (s.len > 0) {
        size_t take = s.len < password_key.len ? s.len : password_key.len;
        struct slice here = { s.ptr, take };
        size_t i = 0;

        if (!slice_equals_nocase(here, password_key)) {
            put_safe((struct slice){ s.ptr, 1 }, out);
            s = (struct slice){ s.ptr + 1, s.len - 1 };
            continue;
        }
        put_safe(here, out);
        s = (struct slice){ s.ptr + take, s.len - take };
        while (i < s.len && (s.ptr[0] == '\'' || (s.ptr[i] != '&' && s.ptr[i] != ' ')))
            i++;
        (void)fputs("***", out);
        if (i > 0)
            s = (struct slice){ s.ptr + i, s.len - i };
    }
}

static size_t find_last(struct slice s, char c)
{
    size_t i = s.len;

    while (i > 0 && s.ptr[i - 1] != c)
        i--;
    return i > 0 ? i - 1 : s.len;
}

/* The last '@' ends the credentials: a password that forgot to encode its '/', '?' or '@' must not
 * show either, and hiding too much harms nobody. */
static void put_url(struct slice url, FILE *out)
{
    size_t colon = slice_find(url, ':');
    struct slice after = { url.ptr + colon, url.len - colon };
    size_t at;

    if (!slice_drop_prefix(&after, SLICE("://"))) {
        put_query(url, out);
        return;
    }
    put_safe((struct slice){ url.ptr, (size_t)(after.ptr - url.ptr) }, out);
    at = find_last(after, '@');
    if (at < after.len) {
        colon = slice_find((struct slice){ after.ptr, at }, ':');
        put_safe((struct slice){ after.ptr, colon }, out);
        (void)fputs(colon < at ? ":***" : "", out);
        after = (struct slice){ after.ptr + at, after.len - at };
    }
    put_query(after, out);
}

static void put_text(const struct conf_key *key, const char *text, FILE *out)
{
    if (text == NULL || *text == '\0')
        return;
    if (key->kind == CONF_SECRET)
        (void)fputs("***", out);
    else if (key->kind == CONF_URL)
        put_url(slice_of(text), out);
    else
        put_safe(slice_of(text), out);
}

static void put_value(const struct conf_key *key, const void *conf, FILE *out)
{
    const void *field = (const char *)conf + key->offset;

    switch (key->kind) {
    case CONF_TEXT:
    case CONF_SECRET:
    case CONF_URL:
        put_text(key, *(char *const *)field, out);
        return;
    case CONF_INT:
    case CONF_BYTES:
        (void)fprintf(out, "%" PRId64, *(const int64_t *)field);
        return;
    case CONF_CHOICE:
        (void)fputs(key->choices[*(const int64_t *)field], out);
        return;
    }
    assert(0 && "a kind of setting that cannot be printed");
}

void conf_print(const struct conf_key *keys, size_t count, const void *conf, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "%s=", keys[i].name);
        put_value(&keys[i], conf, out);
        (void)fputc('\n', out);
    }
}

static void put_default(const struct conf_key *key, FILE *out)
{
    if (key->fallback == NULL)
        (void)fputs("required", out);
    else if (*key->fallback == '\0')
        (void)fputs("default: empty", out);
    else
        (void)fprintf(out, "default: %s", key->fallback);
}

static void put_bounds(const struct conf_key *key, FILE *out)
{
    if (key->kind == CONF_INT || key->kind == CONF_BYTES)
        (void)fprintf(out, "; %" PRId64 " to %" PRId64 "%s", key->min, key->max,
                      key->kind == CONF_BYTES ? " bytes" : "");
    for (size_t i = 0; key->kind == CONF_CHOICE && key->choices[i] != NULL; i++)
        (void)fprintf(out, "%s%s", i ? ", " : "; ", key->choices[i]);
    if (key->alias != NULL)
        (void)fprintf(out, "; also %s", key->alias);
}

void conf_print_help(const struct conf_key *keys, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(out, "  %s (", keys[i].name);
        put_default(&keys[i], out);
        put_bounds(&keys[i], out);
        (void)fprintf(out, ")\n      %s\n", keys[i].help ? keys[i].help : "");
    }
}
