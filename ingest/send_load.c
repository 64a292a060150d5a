#include "ingest/send_load.h"

#include <event2/event.h>
#include <signal.h>

#include "common/clock.h"
#include "ingest/send_args.h"
#include "ingest/send_chain.h"
#include "ingest/send_client.h"
#include "ingest/send_job.h"
#include "ingest/send_report.h"
#include "ingest/send_source.h"

enum { US_PER_S = 1000000 };

TAILQ_HEAD(job_list, send_job);

struct load {
    const struct send_args *args;
    struct send_source *source;
    struct signature_keys *keys;
    struct send_client *client;
    struct send_report *report;
    struct send_chain chain;
    struct event *tick; /* when the rate allows the next event */
    struct event *draw;
    struct event *interrupt;
    struct job_list ready; /* to be posted now */
    struct job_list held;  /* waiting for their timers */
    size_t held_count;
    size_t held_bytes;
    size_t job_count; /* ready, held and under way */
    uint64_t seed;
    int64_t start_us;
    int64_t begun;        /* deliveries, doubles included: what the rate counts */
    int64_t double_share; /* hundredths of a double that are owed */
    bool is_drained;      /* the source has no more */
    bool is_stopping;     /* nothing is begun or repeated any more */
    enum status status;
};

static void pump(struct load *load);

static void stop(struct load *load, enum status why)
{
    if (load->status == STATUS_OK)
        load->status = why;
    load->is_stopping = true;
}

/* --- After an answer. --- */

/* The delivery is over: its last answer counts. */
static void settle(struct load *load, struct send_job *job)
{
    send_report_delivery(load->report, job->id, buf_slice(&job->body), &job->answer);
    if (!job->is_doubled || load->is_stopping) {
        load->job_count--;
        send_job_free(job);
        return;
    }
    job->is_doubled = false;
    job->tries = 0;
    load->begun++;
    TAILQ_INSERT_TAIL(&load->ready, job, entry);
}

static void let_go(struct load *load, struct send_job *job)
{
    TAILQ_REMOVE(&load->held, job, entry);
    load->held_count--;
    load->held_bytes -= job->body.len;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct send_job *job = arg;
    struct load *load = job->owner;
    (void)fd;
    (void)what;
    let_go(load, job);
    TAILQ_INSERT_TAIL(&load->ready, job, entry);
    pump(load);
}

/* False: no memory for a timer. */
static bool hold(struct load *load, struct send_job *job)
{
    int64_t wait_ms = send_job_wait_ms(job);
    struct timeval wait = { wait_ms / 1000, wait_ms % 1000 * 1000 };
    if (!job->timer)
        job->timer = evtimer_new(send_client_base(load->client), on_timer, job);
    if (!job->timer || evtimer_add(job->timer, &wait) != 0)
        return false;
    TAILQ_INSERT_TAIL(&load->held, job, entry);
    load->held_count++;
    load->held_bytes += job->body.len;
    return true;
}

static void on_answer(const struct send_answer *answer, void *arg)
{
    struct send_job *job = arg;
    struct load *load = job->owner;
    job->answer = *answer;
    send_report_post(load->report, answer);
    if (load->args->retry && !load->is_stopping && send_job_may_retry(job) && hold(load, job))
        load->report->repeated++;
    else
        settle(load, job);
    pump(load);
}

/* --- What comes next. --- */

/* True when the rate allows an event now; otherwise the tick comes when it does. */
static bool is_time(struct load *load)
{
    if (load->args->rate == 0)
        return true;
    int64_t due_us = load->start_us + load->begun * US_PER_S / load->args->rate;
    int64_t wait_us = due_us - clock_mono_us();
    struct timeval wait = { wait_us / US_PER_S, wait_us % US_PER_S };
    if (wait_us > 0)
        (void)evtimer_add(load->tick, &wait);
    return wait_us <= 0;
}

/* NULL: everything is sent, or the run failed. */
static struct send_job *begin_job(struct load *load)
{
    struct send_turn turn;
    struct send_job *job = NULL;
    load->is_drained = !send_source_next(load->source, &turn);
    if (load->is_drained)
        return NULL;
    enum status st = send_job_new(load->args, &turn, &load->chain, load->seed++, &job);
    if (st != STATUS_OK) {
        stop(load, st);
        return NULL;
    }
    job->owner = load;
    load->job_count++;
    load->begun++;
    load->double_share += load->args->duplicate_percent;
    job->is_doubled = load->double_share >= 100;
    load->double_share -= job->is_doubled ? 100 : 0;
    return job;
}

static struct send_job *next_job(struct load *load)
{
    struct send_job *job = TAILQ_FIRST(&load->ready);
    if (job) {
        TAILQ_REMOVE(&load->ready, job, entry);
        return job;
    }
    bool is_full = load->held_count >= SEND_HELD_MAX || load->held_bytes >= SEND_HELD_BYTES;
    if (load->is_drained || load->is_stopping || is_full || !is_time(load))
        return NULL;
    return begin_job(load);
}

/* Posts as long as there is something to post and a connection to do it. */
static void pump(struct load *load)
{
    struct send_job *job;
    while (send_client_is_free(load->client) && (job = next_job(load)) != NULL) {
        enum status st = send_job_post(job, load->args, load->keys, load->client, on_answer);
        if (st == STATUS_OK)
            continue;
        stop(load, st);
        load->job_count--;
        send_job_free(job);
    }
    if ((load->is_drained || load->is_stopping) && load->job_count == 0)
        event_base_loopbreak(send_client_base(load->client));
}

/* --- The loop. --- */

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    pump(arg);
}

static void on_draw(evutil_socket_t fd, short what, void *arg)
{
    const struct load *load = arg;
    (void)fd;
    (void)what;
    send_report_draw(load->report);
}

static void on_interrupt(evutil_socket_t fd, short what, void *arg)
{
    struct load *load = arg;
    struct send_job *job;
    (void)fd;
    (void)what;
    stop(load, STATUS_STOPPED);
    while ((job = TAILQ_FIRST(&load->held)) != NULL) {
        let_go(load, job);
        settle(load, job);
    }
    while ((job = TAILQ_FIRST(&load->ready)) != NULL) {
        TAILQ_REMOVE(&load->ready, job, entry);
        load->job_count--;
        send_job_free(job);
    }
    pump(load);
}

static enum status set_up(struct load *load)
{
    const struct timeval now = { 0 };
    const struct timeval interval = { 0, SEND_REPORT_DRAW_MS * 1000 };
    struct event_base *base = send_client_base(load->client);
    load->tick = evtimer_new(base, on_tick, load);
    load->draw = event_new(base, -1, EV_PERSIST, on_draw, load);
    load->interrupt = event_new(base, SIGINT, EV_SIGNAL, on_interrupt, load); /* once */
    bool is_set = load->tick && load->draw && load->interrupt &&
                  evtimer_add(load->tick, &now) == 0 && event_add(load->draw, &interval) == 0 &&
                  event_add(load->interrupt, NULL) == 0;
    return is_set ? STATUS_OK : STATUS_NO_MEMORY;
}

static void tear_down(struct load *load)
{
    struct event *const events[] = { load->tick, load->draw, load->interrupt };
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i])
            event_free(events[i]);
}

enum status send_load_run(const struct send_args *args, struct send_source *source,
                          struct signature_keys *keys, struct send_client *client,
                          struct send_report *report, uint64_t seed)
{
    struct load load = {
        .args = args,
        .source = source,
        .keys = keys,
        .client = client,
        .report = report,
        .seed = seed,
        .start_us = clock_mono_us(),
        .ready = TAILQ_HEAD_INITIALIZER(load.ready),
        .held = TAILQ_HEAD_INITIALIZER(load.held),
    };
    enum status st = set_up(&load);
    if (st == STATUS_OK) {
        (void)event_base_dispatch(send_client_base(client));
        st = load.status;
    }
    tear_down(&load);
    return st;
}
