/* Preloaded under a program: while the file $IOERROR_SWITCH exists, one write or sync in
 * $IOERROR_ONE_IN (1: each) of those that databases use fails with the error number $IOERROR_ERRNO.
 * Sockets and logs go by other calls and are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_ulong calls;

static long number(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text ? strtol(text, NULL, 10) : otherwise;
}

static bool fails(void)
{
    const char *path = getenv("IOERROR_SWITCH");
    unsigned long one_in = (unsigned long)number("IOERROR_ONE_IN", 1);

    if (!path || access(path, F_OK) != 0 || atomic_fetch_add(&calls, 1) % one_in != one_in - 1)
        return false;
    errno = (int)number("IOERROR_ERRNO", EIO);
    return true;
}

#define FAILING(type, name, params, args)                                                          \
    type name params                                                                               \
    {                                                                                              \
        type(*real) params = (type(*) params)dlsym(RTLD_NEXT, #name);                              \
        return fails() ? -1 : real args;                                                           \
    }

FAILING(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at),
        (fd, bytes, count, at))
FAILING(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at),
        (fd, bytes, count, at))
FAILING(int, fsync, (int fd), (fd))
FAILING(int, fdatasync, (int fd), (fd))
FAILING(int, ftruncate, (int fd, off_t length), (fd, length))
FAILING(int, ftruncate64, (int fd, off64_t length), (fd, length))
