#include "worker/store_url.h"

#include <stdio.h>
#include <string.h>

static const char *fault_of_path(struct slice path)
{
    if (path.len == 0)
        return "DATABASE_URL names no file after sqlite:";
    if (path.len > STORE_PATH_MAX)
        return "DATABASE_URL: the path is too long";
    if (slice_equals(path, SLICE(":memory:")))
        return "DATABASE_URL: a database in memory would keep nothing; name a file";
    if (slice_find(path, '?') != path.len)
        return "DATABASE_URL: options after ? are not supported for sqlite:";
    return NULL;
}

/* Cuts the scheme off; NULL when what is left is a path. */
static const char *fault_of_scheme(struct slice *text)
{
    struct slice t = *text;
    if (!slice_drop_prefix(&t, SLICE("sqlite:")))
        return "DATABASE_URL must be sqlite:PATH, sqlite:///PATH or postgres://…";
    if (slice_drop_prefix(&t, SLICE("//")) && !slice_starts_with(t, SLICE("/")))
        return "DATABASE_URL: write sqlite:PATH for a relative path, sqlite:///PATH for an "
               "absolute "
               "one";
    *text = t;
    return NULL;
}

static enum status judge(const char *fault, char ret_why[STORE_ERROR_MAX])
{
    if (!fault)
        return STATUS_OK;
    snprintf(ret_why, STORE_ERROR_MAX, "%s", fault);
    return STATUS_INVALID;
}

enum status store_url_path(const char *url, char ret_path[STORE_PATH_MAX + 1],
                           char ret_why[STORE_ERROR_MAX])
{
    struct slice path = slice_of(url);
    const char *fault = fault_of_scheme(&path);
    if (!fault)
        fault = fault_of_path(path);
    if (fault)
        return judge(fault, ret_why);
    memcpy(ret_path, path.ptr, path.len);
    ret_path[path.len] = '\0';
    return STATUS_OK;
}

static bool drop_scheme(struct slice *text)
{
    return slice_drop_prefix(text, SLICE("postgres://")) ||
           slice_drop_prefix(text, SLICE("postgresql://"));
}

bool store_url_is_postgres(const char *url)
{
    struct slice text = slice_of(url);
    return drop_scheme(&text);
}

/* rest: what follows the scheme, without the options. */
static const char *fault_of_login(struct slice rest)
{
    size_t at = slice_find(rest, '@');
    struct slice host = at < rest.len ? (struct slice){ rest.ptr + at + 1, rest.len - at - 1 }
                                      : rest;
    bool is_plain = at == rest.len || slice_find(rest, '/') > at;
    if (!is_plain || slice_find(host, '@') < host.len)
        return "DATABASE_URL: percent-encode @ and / in user and password (%40, %2F)";
    return NULL;
}

static bool is_name(struct slice name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    struct slice allowed = SLICE(letters);
    if (name.len == 0 || name.len > STORE_SCHEMA_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (slice_find(allowed, name.ptr[i]) == allowed.len)
            return false;
    return name.ptr[0] < '0' || name.ptr[0] > '9';
}

static void append(char *out, size_t *len, struct slice bytes)
{
    memcpy(out + *len, bytes.ptr, bytes.len);
    *len += bytes.len;
    out[*len] = '\0';
}

static const char *take_schema(struct slice name, struct store_address *a)
{
    if (!is_name(name))
        return "DATABASE_URL: schema= takes letters, digits and _, at most 63";
    memcpy(a->schema, name.ptr, name.len);
    a->schema[name.len] = '\0';
    return NULL;
}

static const char *take_prepare(struct slice word, struct store_address *a)
{
    static const char *const words[] = { "auto", "on", "off" }; /* by enum store_prepare */
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_equals(word, slice_of(words[i]))) {
            a->prepare = (enum store_prepare)i;
            return NULL;
        }
    }
    return "DATABASE_URL: prepare= is auto, on or off";
}

/* Everything but our own options goes on to libpq. The URL is known to fit. */
static const char *take_options(struct slice options, size_t len, struct store_address *a)
{
    struct slice option;
    const char *fault = NULL;
    char before = '?';
    while (!fault && slice_split(&options, '&', &option)) {
        if (slice_drop_prefix(&option, SLICE("schema="))) {
            fault = take_schema(option, a);
        } else if (slice_drop_prefix(&option, SLICE("prepare="))) {
            fault = take_prepare(option, a);
        } else {
            append(a->url, &len, (struct slice){ &before, 1 });
            append(a->url, &len, option);
            before = '&';
        }
    }
    return fault;
}

enum status store_url_address(const char *url, struct store_address *ret_address,
                              char ret_why[STORE_ERROR_MAX])
{
    struct store_address a = { .url = "" };
    struct slice text = slice_of(url), rest = text;
    if (!drop_scheme(&rest))
        return judge("DATABASE_URL must be postgres://…", ret_why);
    if (text.len > STORE_ADDRESS_MAX)
        return judge("DATABASE_URL is too long", ret_why);
    size_t end = slice_find(rest, '?');
    const char *fault = fault_of_login((struct slice){ rest.ptr, end });
    size_t len = 0;
    append(a.url, &len, (struct slice){ text.ptr, text.len - rest.len + end });
    if (!fault && end < rest.len)
        fault = take_options((struct slice){ rest.ptr + end + 1, rest.len - end - 1 }, len, &a);
    if (!fault)
        *ret_address = a;
    return judge(fault, ret_why);
}

enum status store_url_check(const char *url, char ret_why[STORE_ERROR_MAX])
{
    char path[STORE_PATH_MAX + 1];
    if (!store_url_is_postgres(url))
        return store_url_path(url, path, ret_why);
#ifdef CLERK_POSTGRES
    struct store_address address;
    return store_url_address(url, &address, ret_why);
#else
    return judge(
        "DATABASE_URL: this build has no PostgreSQL (cmake -DWITH_POSTGRES=ON, with libpq)",
        ret_why);
#endif
}
