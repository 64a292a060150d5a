#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/store_sqlite.h"

/* What a person must mend before anything can work; the rest may pass (full, read-only, no right
 * yet). */
static enum status judge_errno(struct store_sqlite *store, const char *path, int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return store_sqlite_because(store, STATUS_FATAL, "the directory of %s does not exist",
                                    path);
    bool is_permanent = error == EISDIR || error == ELOOP || error == ENAMETOOLONG;
    return store_sqlite_because(store, is_permanent ? STATUS_FATAL : STATUS_UNAVAILABLE, "%s: %s",
                                path, strerror(error));
}

enum status store_sqlite_open_lock(struct store_sqlite *store)
{
    bool polls = store->lock.polls;
    if (store_lock_open(store->path, &store->lock) == STATUS_OK) {
        store->lock.polls = polls;
        return STATUS_OK;
    }
    return judge_errno(store, store->path, errno);
}

enum status store_sqlite_create_file(struct store_sqlite *store)
{
    struct stat st;
    /* O_EXCL: closing a descriptor of a database that is in use would drop SQLite's locks on it. */
    int fd = open(store->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
        (void)close(fd);
        return STATUS_OK;
    }
    if (errno != EEXIST)
        return judge_errno(store, store->path, errno);
    if (stat(store->path, &st) == 0 && !S_ISREG(st.st_mode))
        return store_sqlite_because(store, STATUS_FATAL, "%s is not a file", store->path);
    return STATUS_OK;
}

enum status store_sqlite_remember_file(struct store_sqlite *store)
{
    struct stat st;
    if (stat(store->path, &st) != 0)
        return judge_errno(store, store->path, errno);
    store->device = st.st_dev;
    store->inode = st.st_ino;
    return STATUS_OK;
}

enum status store_sqlite_check_file(struct store_sqlite *store)
{
    struct stat st;
    if (stat(store->path, &st) != 0) {
        bool is_gone = errno == ENOENT || errno == ENOTDIR;
        int error = errno;
        if (is_gone && access(store->lock.path, F_OK) != 0)
            return store_sqlite_because(store, STATUS_UNAVAILABLE,
                                        "%s is gone with all that was beside it; is its volume "
                                        "mounted?",
                                        store->path);
        if (is_gone)
            return store_sqlite_because(
                store, STATUS_FATAL, "%s was removed while this program had it open", store->path);
        return judge_errno(store, store->path, error);
    }
    if (st.st_dev != store->device || st.st_ino != store->inode)
        return store_sqlite_because(store, STATUS_FATAL,
                                    "%s was replaced while this program had it open", store->path);
    return STATUS_OK;
}

int64_t store_sqlite_log_bytes(const struct store_sqlite *store)
{
    char path[STORE_PATH_MAX + sizeof("-wal")];
    struct stat st;
    snprintf(path, sizeof(path), "%s-wal", store->path);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}
