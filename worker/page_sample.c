#include "worker/page_parts.h"
#include "worker/status_report.h"
#include "worker/store_find.h"
#include "worker/worker_counters.h"

enum {
    LATENCY_WINDOW_MS = 5000,
    REDIS_PAUSE_MS = 3000, /* a frozen Redis costs seconds, in which nobody is answered */
};

/* Rates since the sample before; none where the stream was made anew in between. */
static void note_rates(struct page *page, const struct queue_state *now, struct sample *sample)
{
    int64_t now_ms = page->clock->mono_ms();
    int64_t span_ms = now_ms - page->queue_ms;
    int64_t in = now->added - page->queue.added;
    int64_t out = in - (now->length - page->queue.length);
    if (page->queue_ms > 0 && span_ms > 0 && in >= 0 && out >= 0) {
        sample->in_per_10_s = in * 10000 / span_ms;
        sample->out_per_10_s = out * 10000 / span_ms;
    }
    page->queue = *now;
    page->queue_ms = now_ms;
}

static void look_at_queue(struct page *page, struct sample *sample)
{
    struct queue_state now;
    if (page->clock->mono_ms() < page->redis_again_ms)
        return;
    enum status st = queue_state_look(status_source_link(page->source),
                                      status_source_queue(page->source), sample->time_ms, &now);
    if (st != STATUS_OK) {
        page->queue_ms = 0;
        page->redis_again_ms = page->clock->mono_ms() + REDIS_PAUSE_MS;
        return;
    }
    sample->backlog = now.length;
    sample->pending = now.pending;
    sample->oldest_age_ms = now.oldest_age_ms;
    note_rates(page, &now, sample);
}

static void look_at_store(struct page *page, struct sample *sample)
{
    struct store *store = NULL;
    struct store_recent recent;
    char why[STORE_ERROR_MAX];
    if (status_source_store(page->source, &store, why) != STATUS_OK ||
        store_recent(store, sample->time_ms - LATENCY_WINDOW_MS, &recent) != STATUS_OK)
        return;
    sample->dead_letters = counters_get(worker_counters(), WORKER_DEAD_LETTERS);
    if (recent.count == 0)
        return;
    sample->latency_ms = recent.mean_ms;
    sample->latency_max_ms = recent.max_ms;
}

void page_sample(struct page *page)
{
    struct sample sample = {
        .time_ms = page->clock->wall_ms(),
        .backlog = SAMPLE_UNKNOWN,
        .pending = SAMPLE_UNKNOWN,
        .oldest_age_ms = SAMPLE_UNKNOWN,
        .in_per_10_s = SAMPLE_UNKNOWN,
        .out_per_10_s = SAMPLE_UNKNOWN,
        .latency_ms = SAMPLE_UNKNOWN,
        .latency_max_ms = SAMPLE_UNKNOWN,
        .dead_letters = SAMPLE_UNKNOWN,
    };
    look_at_queue(page, &sample);
    look_at_store(page, &sample);
    samples_add(&page->samples, &sample);
}
