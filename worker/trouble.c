#include "worker/trouble.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/log.h"

enum {
    PAUSE_MIN_MS = 250,
    PAUSE_MAX_MS = 4000,
    SLICE_MS = 100 /* how long a signal just before a sleep may wait */
};

struct trouble trouble_make(const char *name, enum worker_counter up_gauge,
                            enum worker_counter error_total, const struct clock *clock,
                            const volatile sig_atomic_t *stop)
{
    return (struct trouble){
        .name = name,
        .up_gauge = up_gauge,
        .error_total = error_total,
        .clock = clock,
        .stop = stop,
        .backoff = backoff_make(PAUSE_MIN_MS, PAUSE_MAX_MS,
                                (uint64_t)clock->wall_ms() ^ (uint64_t)getpid() << 20),
    };
}

void trouble_note(struct trouble *t, const char *why)
{
    bool is_new = reasons_add(&t->told, why);
    if (!t->is_down) {
        log_warn("event=%s_unavailable why=%s action=keeping_events_and_retrying", t->name, why);
        t->is_down = true;
        t->since_ms = t->clock->mono_ms();
    } else if (is_new) {
        log_info("event=%s_still_unavailable why=%s action=going_on_trying", t->name, why);
    }
    counters_set(worker_counters(), t->up_gauge, 0);
    counters_add(worker_counters(), t->error_total, 1);
}

void trouble_wait(struct trouble *t, const char *why)
{
    trouble_note(t, why);
    (void)notify_alive(t->notify, t->clock->mono_ms());
    int64_t until_ms = t->clock->mono_ms() + backoff_next_ms(&t->backoff);
    while (!*t->stop && t->clock->mono_ms() < until_ms)
        clock_sleep_ms(SLICE_MS);
}

void trouble_over(struct trouble *t)
{
    counters_set(worker_counters(), t->up_gauge, 1);
    backoff_reset(&t->backoff);
    if (!t->is_down)
        return;
    t->is_down = false;
    reasons_clear(&t->told);
    log_info("event=%s_available after_ms=%" PRId64 " action=going_on", t->name,
             t->clock->mono_ms() - t->since_ms);
}
