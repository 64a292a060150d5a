/* Preloaded under a program, this keeps beside one folder what a power cut would leave of it: for
 * every file the bytes as of the last fsync, for every name what the last fsync of the file or of
 * the folder made durable. After SIGKILL bench/powercut.py puts exactly that (and, on request, a
 * part of what was written since) back into the folder.
 *
 *   POWERCUT_DIR          the folder that is watched, absolute; files directly in it
 *   POWERCUT_KEEP         where the durable state is kept: names/NAME is a hard link to data/INODE
 *   POWERCUT_SYNC_MS      how long a sync takes, 0 to 9: a slow disk leaves more to lose
 *   POWERCUT_SYNCHRONOUS  replaces FULL in "PRAGMA synchronous = FULL", for the control run
 *
 * Rules of the model: fsync() and fdatasync() of a file make its content, its length and the name
 * it has now durable (as ext4, XFS and btrfs do for new files); fsync() of the folder makes all
 * names durable. Files ending in "-shm" are memory. Writes since the last fsync are noted as one
 * range of bytes, in a table that all processes share. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "powercut_keep.h"

enum { FDS_MAX = 4096 };

static uint64_t inode_of_fd[FDS_MAX]; /* 0: not ours */

/* The machine does not die, only processes do: the disk itself need not be waited for. */
int fsync(int fd)
{
    return keep_is_on() ? keep_sync(fd) : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return keep_is_on() ? keep_sync(fd) : (int)syscall(SYS_fdatasync, fd);
}

static void note_range(int fd, off_t low, off_t high)
{
    keep_note_range(inode_of_fd[fd], (uint64_t)low, (uint64_t)high);
}

static bool is_ours(int fd)
{
    return keep_is_on() && fd >= 0 && fd < FDS_MAX && inode_of_fd[fd] != 0;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    if (!is_ours(fd))
        return keep_real_write(fd, bytes, count);
    keep_lock();
    ssize_t done = keep_real_write(fd, bytes, count);
    int error = errno;
    off_t end = done > 0 ? lseek(fd, 0, SEEK_CUR) : 0; /* right for O_APPEND, too */
    if (done > 0)
        note_range(fd, (end - done), end);
    keep_unlock();
    errno = error;
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (!is_ours(fd))
        return syscall(SYS_writev, fd, parts, count);
    keep_lock();
    ssize_t done = syscall(SYS_writev, fd, parts, count);
    int error = errno;
    off_t end = done > 0 ? lseek(fd, 0, SEEK_CUR) : 0;
    if (done > 0)
        note_range(fd, (end - done), end);
    keep_unlock();
    errno = error;
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    if (!is_ours(fd))
        return keep_real_pwrite(fd, bytes, count, offset);
    keep_lock();
    ssize_t done = keep_real_pwrite(fd, bytes, count, offset);
    int error = errno;
    if (done > 0)
        note_range(fd, offset, offset + done);
    keep_unlock();
    errno = error;
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return pwrite(fd, bytes, count, offset);
}

/* What is cut off, and what grows there later, differs from the durable state from length on. */
int ftruncate(int fd, off_t length)
{
    if (!is_ours(fd))
        return keep_real_ftruncate(fd, length);
    keep_lock();
    int result = keep_real_ftruncate(fd, length);
    if (result == 0)
        note_range(fd, length, length + 1);
    keep_unlock();
    return result;
}

int ftruncate64(int fd, off64_t length)
{
    return ftruncate(fd, length);
}

static int watch_fd(int fd, const char *path, int flags)
{
    struct stat st;
    if (fd < 0 || fd >= FDS_MAX)
        return fd;
    inode_of_fd[fd] = 0;
    if ((flags & O_ACCMODE) == O_RDONLY || !keep_name_inside(path) || fstat(fd, &st) != 0 ||
        !S_ISREG(st.st_mode))
        return fd;
    inode_of_fd[fd] = st.st_ino;
    if (flags & O_TRUNC) {
        keep_lock();
        note_range(fd, 0, 1);
        keep_unlock();
    }
    return fd;
}

static mode_t mode_argument(int flags, va_list more)
{
    return (flags & O_CREAT) ? va_arg(more, mode_t) : 0;
}

#define DEFINE_OPEN(name)                                                                          \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_argument(flags, more);                                                  \
        va_end(more);                                                                              \
        return watch_fd(keep_real_open(path, flags, mode), path, flags);                           \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

/* What open() becomes in fortified programs. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
    return open(path, flags);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        inode_of_fd[fd] = 0;
    return keep_real_close(fd);
}

int rename(const char *from, const char *to)
{
    if (keep_name_inside(to))
        keep_hold(to);
    return keep_real_rename(from, to);
}

int unlink(const char *path)
{
    if (keep_name_inside(path))
        keep_hold(path);
    return keep_real_unlink(path);
}

/* The control run's weaker database. Only programs with SQLite ever call this. */
typedef int prepare_fn(void *db, const char *sql, int bytes, void **statement, const char **tail);
prepare_fn sqlite3_prepare_v2;

int sqlite3_prepare_v2(void *db, const char *sql, int bytes, void **statement, const char **tail)
{
    static char weaker[64];
    const char *instead = getenv("POWERCUT_SYNCHRONOUS");
    prepare_fn *real = (prepare_fn *)dlsym(RTLD_NEXT, "sqlite3_prepare_v2");
    if (!real)
        abort();
    if (instead && strcmp(sql, "PRAGMA synchronous = FULL") == 0) {
        snprintf(weaker, sizeof weaker, "PRAGMA synchronous = %s", instead);
        sql = weaker;
    }
    return real(db, sql, bytes, statement, tail);
}
