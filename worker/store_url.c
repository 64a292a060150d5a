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
    if (slice_drop_prefix(&t, SLICE("postgres://")) ||
        slice_drop_prefix(&t, SLICE("postgresql://")))
        return "DATABASE_URL: this build has no PostgreSQL";
    if (!slice_drop_prefix(&t, SLICE("sqlite:")))
        return "DATABASE_URL must be sqlite:PATH or sqlite:///PATH";
    if (slice_drop_prefix(&t, SLICE("//")) && !slice_starts_with(t, SLICE("/")))
        return "DATABASE_URL: write sqlite:PATH for a relative path, sqlite:///PATH for an "
               "absolute "
               "one";
    *text = t;
    return NULL;
}

enum status store_url_path(const char *url, char ret_path[STORE_PATH_MAX + 1],
                           char ret_why[STORE_ERROR_MAX])
{
    struct slice path = slice_of(url);
    const char *fault = fault_of_scheme(&path);
    if (!fault)
        fault = fault_of_path(path);
    if (fault) {
        snprintf(ret_why, STORE_ERROR_MAX, "%s", fault);
        return STATUS_INVALID;
    }
    memcpy(ret_path, path.ptr, path.len);
    ret_path[path.len] = '\0';
    return STATUS_OK;
}
