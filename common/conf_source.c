#include "common/conf_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/slice.h"

static enum status refuse(char ret_error[CONF_ERROR_MAX], const char *variable, const char *fault)
{
    (void)snprintf(ret_error, CONF_ERROR_MAX, "%s: %s", variable, fault);
    return STATUS_INVALID;
}

/* Reads at most size bytes; -1 with errno otherwise. */
static ssize_t read_up_to(const char *path, char *bytes, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t got = fd < 0 ? -1 : 1;
    int saved_errno;

    while (got > 0 && len < size) {
        got = read(fd, bytes + len, size - len);
        if (got > 0)
            len += (size_t)got;
    }
    saved_errno = errno;
    if (fd >= 0)
        (void)close(fd);
    errno = saved_errno;
    return got < 0 ? -1 : (ssize_t)len;
}

static struct slice without_newline(struct slice s)
{
    while (s.len > 0 && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

/* The path itself is not shown: a secret is easily put into NAME_FILE by mistake. */
static enum status check_content(struct slice content, const struct conf_source *source,
                                 bool may_be_empty, char ret_error[CONF_ERROR_MAX])
{
    if (content.len > CONF_FILE_MAX_BYTES)
        return refuse(ret_error, source->variable, "the file is longer than 64 KiB");
    if (slice_find(content, '\0') < content.len)
        return refuse(ret_error, source->variable, "the file is not text");
    if (content.len == 0 && !may_be_empty)
        return refuse(ret_error, source->variable, "the file is empty");
    return STATUS_OK;
}

static enum status take_file(const char *path, bool may_be_empty, struct conf_source *source,
                             char ret_error[CONF_ERROR_MAX])
{
    size_t size = CONF_FILE_MAX_BYTES + 2; /* room for a newline, and to notice one byte too many */
    char *bytes = calloc(1, size);
    struct slice content = { bytes, 0 };
    enum status st = STATUS_NO_MEMORY;
    ssize_t len = bytes ? read_up_to(path, bytes, size) : 0;

    if (len < 0) {
        (void)snprintf(ret_error, CONF_ERROR_MAX, "%s: cannot read the file: %s", source->variable,
                       strerror(errno));
        st = STATUS_INVALID;
        goto out;
    }
    content.len = (size_t)len;
    content = without_newline(content);
    if (bytes != NULL)
        st = check_content(content, source, may_be_empty, ret_error);
    if (st == STATUS_OK)
        source->text = slice_dup(content);
    if (st == STATUS_OK && source->text == NULL)
        st = STATUS_NO_MEMORY;
out:
    conf_wipe(bytes, bytes ? size : 0);
    free(bytes);
    return st;
}

/* Looks at NAME and NAME_FILE. */
static enum status find_under(const char *name, bool may_be_empty, conf_lookup_fn *lookup,
                              struct conf_source *source, char ret_error[CONF_ERROR_MAX])
{
    char file_variable[CONF_VARIABLE_MAX];
    const char *text = lookup(name);
    const char *path;

    (void)snprintf(file_variable, sizeof(file_variable), "%s_FILE", name);
    path = lookup(file_variable);
    if (path != NULL && *path == '\0')
        path = NULL;
    if (text != NULL && *text == '\0' && (path != NULL || !may_be_empty))
        text = NULL;
    if (text != NULL && path != NULL) {
        (void)snprintf(ret_error, CONF_ERROR_MAX, "%s and %s are both set; keep one", name,
                       file_variable);
        return STATUS_INVALID;
    }
    source->from_file = path != NULL;
    (void)snprintf(source->variable, sizeof(source->variable), "%s", path ? file_variable : name);
    if (path != NULL)
        return take_file(path, may_be_empty, source, ret_error);
    if (text == NULL)
        return STATUS_OK;
    source->text = slice_dup(slice_of(text));
    return source->text ? STATUS_OK : STATUS_NO_MEMORY;
}

enum status conf_source_find(const struct conf_key *key, conf_lookup_fn *lookup,
                             struct conf_source *ret_source, char ret_error[CONF_ERROR_MAX])
{
    struct conf_source source = { 0 };
    bool may_be_empty = (key->flags & CONF_MAY_BE_EMPTY) != 0;
    enum status st = find_under(key->name, may_be_empty, lookup, &source, ret_error);

    if (st == STATUS_OK && source.text == NULL && key->alias != NULL)
        st = find_under(key->alias, may_be_empty, lookup, &source, ret_error);
    if (st == STATUS_OK && source.text == NULL)
        (void)snprintf(source.variable, sizeof(source.variable), "%s", key->name);
    if (st == STATUS_NO_MEMORY)
        (void)refuse(ret_error, key->name, "out of memory");
    if (st == STATUS_OK)
        *ret_source = source;
    return st;
}
