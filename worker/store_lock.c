#include "worker/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/clock.h"

enum {
    REOPEN_LIMIT = 10, /* a file replaced more often while we look is somebody's mistake */
    POLL_MS = 2,
    LOOK_S = 1, /* how often a waiter looks at the stop flag and at the time */
};

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

/* Only there to interrupt flock(2). */
static void on_alarm(int number)
{
    (void)number;
}

static void set_alarm(int s)
{
    struct timeval every = { .tv_sec = s };
    struct itimerval timer = { every, every };
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* Stands in the kernel's queue, which is served in order. Leaving it for a look costs the place in
 * it, so that is done rarely. */
static enum status stand_in_queue(int fd, const volatile sig_atomic_t *stop)
{
    int64_t until_ms = clock_system.mono_ms() + STORE_LOCK_WAIT_S * 1000;
    while (clock_system.mono_ms() < until_ms) {
        if (is_stopped(stop))
            return STATUS_STOPPED;
        if (flock(fd, LOCK_EX) == 0)
            return STATUS_OK;
        if (errno != EINTR)
            return STATUS_UNAVAILABLE;
    }
    errno = ETIMEDOUT;
    return STATUS_UNAVAILABLE;
}

static enum status wait_for_turn(int fd, const volatile sig_atomic_t *stop)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    if (errno != EWOULDBLOCK && errno != EINTR)
        return STATUS_UNAVAILABLE;
    struct sigaction ours = { .sa_handler = on_alarm };
    struct sigaction before;
    (void)sigemptyset(&ours.sa_mask);
    (void)sigaction(SIGALRM, &ours, &before);
    set_alarm(LOOK_S);
    enum status st = stand_in_queue(fd, stop);
    int saved_errno = errno;
    set_alarm(0);
    (void)sigaction(SIGALRM, &before, NULL);
    errno = saved_errno;
    return st;
}

static enum status poll_for_turn(int fd)
{
    int64_t until_ms = clock_system.mono_ms() + STORE_LOCK_POLL_S * 1000;
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return STATUS_UNAVAILABLE;
        if (clock_system.mono_ms() >= until_ms) {
            errno = ETIMEDOUT;
            return STATUS_UNAVAILABLE;
        }
        clock_sleep_ms(POLL_MS);
    }
    return STATUS_OK;
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
        enum status st = lock->polls ? poll_for_turn(lock->fd) : wait_for_turn(lock->fd, stop);
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
