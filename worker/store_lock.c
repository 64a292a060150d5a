#include "worker/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REOPEN_LIMIT = 10 }; /* a file replaced more often while we look is somebody's mistake */

static int open_file(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum status store_lock_open(const char *database_path, struct store_lock *ret_lock)
{
    struct store_lock lock = { .fd = -1 };
    int len = snprintf(lock.path, sizeof(lock.path), "%s.lock", database_path);
    if (len < 0 || (size_t)len >= sizeof(lock.path)) {
        errno = ENAMETOOLONG;
        return STATUS_UNAVAILABLE;
    }
    lock.fd = open_file(lock.path);
    if (lock.fd < 0)
        return STATUS_UNAVAILABLE;
    *ret_lock = lock;
    return STATUS_OK;
}

static bool is_stopped(const volatile sig_atomic_t *stop)
{
    return stop && *stop;
}

static enum status wait_for_turn(int fd, const volatile sig_atomic_t *stop)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    if (errno != EWOULDBLOCK && errno != EINTR)
        return STATUS_UNAVAILABLE;
    while (!is_stopped(stop)) {
        if (flock(fd, LOCK_EX) == 0)
            return STATUS_OK;
        if (errno != EINTR)
            return STATUS_UNAVAILABLE;
    }
    return STATUS_STOPPED;
}

/* Two processes that lock two different files would both believe in their turn. */
static bool is_the_file_at_path(const struct store_lock *lock)
{
    struct stat here, there;
    return fstat(lock->fd, &here) == 0 && stat(lock->path, &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static enum status reopen(struct store_lock *lock)
{
    int fd = open_file(lock->path);
    if (fd < 0)
        return STATUS_UNAVAILABLE;
    (void)close(lock->fd); /* gives the old file's turn away */
    lock->fd = fd;
    return STATUS_OK;
}

enum status store_lock_take(struct store_lock *lock, const volatile sig_atomic_t *stop)
{
    for (int i = 0; i < REOPEN_LIMIT; i++) {
        enum status st = wait_for_turn(lock->fd, stop);
        if (st != STATUS_OK)
            return st;
        if (is_the_file_at_path(lock)) {
            lock->held = true;
            return STATUS_OK;
        }
        st = reopen(lock);
        if (st != STATUS_OK)
            return st;
    }
    errno = ESTALE;
    return STATUS_UNAVAILABLE;
}

bool store_lock_try(struct store_lock *lock)
{
    if (lock->fd < 0 || flock(lock->fd, LOCK_EX | LOCK_NB) != 0)
        return false;
    lock->held = is_the_file_at_path(lock);
    if (!lock->held)
        (void)flock(lock->fd, LOCK_UN);
    return lock->held;
}

void store_lock_give(struct store_lock *lock)
{
    if (!lock->held)
        return;
    (void)flock(lock->fd, LOCK_UN);
    lock->held = false;
}

void store_lock_close(struct store_lock *lock)
{
    if (lock->fd >= 0)
        (void)close(lock->fd);
    lock->fd = -1;
    lock->held = false;
}
