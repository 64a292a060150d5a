#include "common/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/slice.h"

enum { US_IN_MS = 1000 };

_Static_assert(NOTIFY_NAME_MAX < sizeof(((struct sockaddr_un *)NULL)->sun_path),
               "a path needs its NUL, too");

static bool is_ours(struct slice watchdog_pid)
{
    int64_t pid = 0;
    return watchdog_pid.len == 0 ||
           (slice_to_i64(watchdog_pid, 1, INT32_MAX, &pid) && pid == (int64_t)getpid());
}

static bool is_name(struct slice name)
{
    return name.len > 1 && name.len <= NOTIFY_NAME_MAX &&
           (name.ptr[0] == '/' || name.ptr[0] == '@');
}

struct notify notify_make(conf_lookup_fn *lookup)
{
    struct notify n = { 0 };
    struct slice name = slice_of(lookup("NOTIFY_SOCKET"));
    int64_t watchdog_us = 0;
    if (!is_name(name))
        return n;
    memcpy(n.name, name.ptr, name.len);
    if (is_ours(slice_of(lookup("WATCHDOG_PID"))) &&
        slice_to_i64(slice_of(lookup("WATCHDOG_USEC")), 1, INT64_MAX, &watchdog_us))
        n.watchdog_ms = watchdog_us / US_IN_MS;
    return n;
}

/* A socket for each message, as systemd's own library does it: the manager may make its socket anew
 * at any time, and a connected one would go on talking to the old. */
static void tell(const struct notify *n, struct slice message)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = n ? strlen(n->name) : 0;
    if (len == 0)
        return;
    memcpy(to.sun_path, n->name, len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0'; /* that is how the kernel spells an abstract name */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    /* Nobody there, or its queue is full: the watchdog judges that, we go on. */
    (void)!sendto(fd, message.ptr, message.len, MSG_NOSIGNAL, (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

void notify_ready(const struct notify *n)
{
    tell(n, SLICE("READY=1"));
}

void notify_stopping(const struct notify *n)
{
    tell(n, SLICE("STOPPING=1"));
}

bool notify_alive(struct notify *n, int64_t now_ms)
{
    if (!n || n->watchdog_ms == 0 || now_ms < n->next_ms)
        return false;
    n->next_ms = now_ms + n->watchdog_ms / 4;
    tell(n, SLICE("WATCHDOG=1"));
    return true;
}

int64_t notify_interval_ms(const struct notify *n)
{
    if (!n || n->watchdog_ms == 0)
        return 0;
    return n->watchdog_ms > 1 ? n->watchdog_ms / 2 : 1;
}
