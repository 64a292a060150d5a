#include "common/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/thread.h"

enum { READ_END, WRITE_END };

struct admin_thread {
    struct event_base *base;
    struct admin *admin;
    struct event *on_stop;
    int stop_pipe[2]; /* what is written here ends the loop: libevent has no locks in this program
                       */
    pthread_t thread;
};

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(arg);
}

static void *run(void *arg)
{
    const struct admin_thread *t = arg;

    (void)event_base_dispatch(t->base);
    return NULL;
}

static enum status open_stop_pipe(struct admin_thread *t)
{
    if (pipe(t->stop_pipe) != 0) {
        t->stop_pipe[READ_END] = -1;
        t->stop_pipe[WRITE_END] = -1;
        return STATUS_UNAVAILABLE;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(t->stop_pipe[i], F_SETFD, FD_CLOEXEC) != 0)
            return STATUS_UNAVAILABLE;
    t->on_stop = event_new(t->base, t->stop_pipe[READ_END], EV_READ, on_stop, t->base);
    if (t->on_stop == NULL || event_add(t->on_stop, NULL) != 0)
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

static void release(struct admin_thread *t)
{
    int saved_errno = errno;

    if (t->on_stop != NULL)
        event_free(t->on_stop);
    admin_free(t->admin);
    if (t->base != NULL)
        event_base_free(t->base);
    for (int i = 0; i < 2; i++)
        if (t->stop_pipe[i] >= 0)
            (void)close(t->stop_pipe[i]);
    free(t);
    errno = saved_errno;
}

enum status admin_thread_start(const struct address *address, const struct admin_hooks *hooks,
                               struct admin_thread **ret_thread)
{
    struct admin_thread *t = calloc(1, sizeof(*t));
    enum status st = STATUS_NO_MEMORY;

    if (t == NULL)
        return STATUS_NO_MEMORY;
    t->stop_pipe[READ_END] = -1;
    t->stop_pipe[WRITE_END] = -1;
    t->base = event_base_new();
    if (t->base == NULL)
        goto out;
    st = admin_new(t->base, address, hooks, &t->admin);
    if (st == STATUS_OK)
        st = open_stop_pipe(t);
    if (st == STATUS_OK)
        st = thread_start(run, t, &t->thread);
out:
    if (st == STATUS_OK)
        *ret_thread = t;
    else
        release(t);
    return st;
}

int admin_thread_port(const struct admin_thread *thread)
{
    return admin_port(thread->admin);
}

void admin_thread_stop(struct admin_thread *thread)
{
    if (thread == NULL)
        return;
    while (write(thread->stop_pipe[WRITE_END], "", 1) < 0 && errno == EINTR)
        continue;
    (void)pthread_join(thread->thread, NULL);
    release(thread);
}
