#include "common/admin_desk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/http.h>

#include "common/admin.h"
#include "common/admin_reply.h"
#include "common/clock.h"
#include "common/thread.h"

enum { READ_END, WRITE_END, TICK_MS = 1000, TEXT_MAX_BYTES = 8 << 20 };

struct job {
    struct job *next;
    struct evhttp_request *req; /* touched by the loop's thread alone */
    struct admin_request request;
    struct admin_reply reply;
};

struct queue {
    struct job *first;
    struct job **end; /* where the next one goes */
};

struct admin_desk {
    const struct admin_page *page;
    struct event *on_done;
    int done_pipe[2];
    size_t count; /* of jobs anywhere; the loop's thread alone looks at it */
    bool has_thread;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what is below */
    pthread_cond_t changed;
    struct queue waiting;
    struct queue done;
    bool is_ending;
};

static void push(struct queue *q, struct job *job)
{
    job->next = NULL;
    if (q->first == NULL)
        q->end = &q->first;
    *q->end = job;
    q->end = &job->next;
}

static struct job *pop(struct queue *q)
{
    struct job *job = q->first;

    if (job != NULL)
        q->first = job->next;
    return job;
}

static void job_free(struct job *job)
{
    buf_release(&job->reply.text);
    free(job);
}

/* --- the page's thread --- */

static void answer_one(struct admin_desk *desk, struct job *job)
{
    (void)pthread_mutex_unlock(&desk->mutex);
    desk->page->answer(desk->page->arg, &job->request, &job->reply);
    (void)pthread_mutex_lock(&desk->mutex);
    push(&desk->done, job);
    while (write(desk->done_pipe[WRITE_END], "", 1) < 0 && errno == EINTR)
        continue;
}

/* What was missed is not made up for: a tick that takes long leaves a second for requests. */
static void tick(struct admin_desk *desk, int64_t *next_ms)
{
    int64_t now_ms;

    (void)pthread_mutex_unlock(&desk->mutex);
    desk->page->tick(desk->page->arg);
    (void)pthread_mutex_lock(&desk->mutex);
    now_ms = clock_system.mono_ms();
    *next_ms += TICK_MS;
    if (*next_ms <= now_ms)
        *next_ms = now_ms + TICK_MS;
}

static void wait_until(struct admin_desk *desk, int64_t until_ms)
{
    const struct timespec until = { .tv_sec = (time_t)(until_ms / 1000),
                                    .tv_nsec = (long)(until_ms % 1000) * 1000000L };

    (void)pthread_cond_timedwait(&desk->changed, &desk->mutex, &until);
}

static void *run(void *arg)
{
    struct admin_desk *desk = arg;
    int64_t next_ms = clock_system.mono_ms();

    (void)pthread_mutex_lock(&desk->mutex);
    while (!desk->is_ending) {
        bool is_due = clock_system.mono_ms() >= next_ms;
        struct job *job = pop(&desk->waiting);

        if (job != NULL)
            answer_one(desk, job);
        if (is_due)
            tick(desk, &next_ms);
        if (job == NULL && !is_due)
            wait_until(desk, next_ms);
    }
    (void)pthread_mutex_unlock(&desk->mutex);
    return NULL;
}

/* --- the loop's thread --- */

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct admin_desk *desk = arg;
    char bytes[ADMIN_JOBS_MAX];

    (void)what;
    if (read(fd, bytes, sizeof(bytes)) < 0 && errno != EAGAIN && errno != EINTR)
        return;
    for (;;) {
        struct job *job;

        (void)pthread_mutex_lock(&desk->mutex);
        job = pop(&desk->done);
        (void)pthread_mutex_unlock(&desk->mutex);
        if (job == NULL)
            return;
        desk->count--;
        admin_reply_send(job->req, &job->reply);
        job_free(job);
    }
}

bool admin_desk_take(struct admin_desk *desk, struct evhttp_request *req)
{
    struct job *job = desk->count < ADMIN_JOBS_MAX ? calloc(1, sizeof(*job)) : NULL;

    if (job == NULL)
        return false;
    job->req = req;
    job->request = admin_request_of(req);
    job->reply = (struct admin_reply){ .code = HTTP_OK,
                                       .type = "application/json",
                                       .text = buf_make(TEXT_MAX_BYTES) };
    desk->count++;
    (void)pthread_mutex_lock(&desk->mutex);
    push(&desk->waiting, job);
    (void)pthread_cond_signal(&desk->changed);
    (void)pthread_mutex_unlock(&desk->mutex);
    return true;
}

static enum status open_pipe(struct admin_desk *desk, struct event_base *base)
{
    if (pipe(desk->done_pipe) != 0) {
        desk->done_pipe[READ_END] = -1;
        desk->done_pipe[WRITE_END] = -1;
        return STATUS_UNAVAILABLE;
    }
    for (int i = 0; i < 2; i++)
        if (fcntl(desk->done_pipe[i], F_SETFD, FD_CLOEXEC) != 0)
            return STATUS_UNAVAILABLE;
    desk->on_done = event_new(base, desk->done_pipe[READ_END], EV_READ | EV_PERSIST, on_done, desk);
    if (desk->on_done == NULL || event_add(desk->on_done, NULL) != 0)
        return STATUS_NO_MEMORY;
    return STATUS_OK;
}

/* Waits end by the monotonic clock: a wall clock may be set back. */
static void make_condition(struct admin_desk *desk)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&desk->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&desk->mutex, NULL);
}

enum status admin_desk_new(struct event_base *base, const struct admin_page *page,
                           struct admin_desk **ret_desk)
{
    struct admin_desk *desk = calloc(1, sizeof(*desk));
    enum status st;

    if (desk == NULL)
        return STATUS_NO_MEMORY;
    desk->page = page;
    make_condition(desk);
    st = open_pipe(desk, base);
    if (st == STATUS_OK)
        st = thread_start(run, desk, &desk->thread);
    desk->has_thread = st == STATUS_OK;
    if (st == STATUS_OK)
        *ret_desk = desk;
    else
        admin_desk_free(desk);
    return st;
}

static void drop_all(struct queue *q)
{
    struct job *job;

    while ((job = pop(q)) != NULL)
        job_free(job);
}

void admin_desk_free(struct admin_desk *desk)
{
    if (desk == NULL)
        return;
    if (desk->has_thread) {
        (void)pthread_mutex_lock(&desk->mutex);
        desk->is_ending = true;
        (void)pthread_cond_signal(&desk->changed);
        (void)pthread_mutex_unlock(&desk->mutex);
        (void)pthread_join(desk->thread, NULL);
    }
    drop_all(&desk->waiting);
    drop_all(&desk->done);
    if (desk->on_done != NULL)
        event_free(desk->on_done);
    for (int i = 0; i < 2; i++)
        if (desk->done_pipe[i] >= 0)
            (void)close(desk->done_pipe[i]);
    (void)pthread_cond_destroy(&desk->changed);
    (void)pthread_mutex_destroy(&desk->mutex);
    free(desk);
}
