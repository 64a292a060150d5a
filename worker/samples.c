#include "worker/samples.h"

#include "common/counters.h"

static const struct {
    const char *name;
    size_t offset;
    int64_t divisor;
} fields[] = {
    { "time_ms", offsetof(struct sample, time_ms), 1 },
    { "backlog", offsetof(struct sample, backlog), 1 },
    { "pending", offsetof(struct sample, pending), 1 },
    { "oldest_age_ms", offsetof(struct sample, oldest_age_ms), 1 },
    { "in_per_second", offsetof(struct sample, in_per_10_s), 10 },
    { "out_per_second", offsetof(struct sample, out_per_10_s), 10 },
    { "latency_ms", offsetof(struct sample, latency_ms), 1 },
    { "latency_max_ms", offsetof(struct sample, latency_max_ms), 1 },
    { "dead_letters", offsetof(struct sample, dead_letters), 1 },
};

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

void samples_add(struct samples *samples, const struct sample *sample)
{
    samples->ring[samples->next] = *sample;
    samples->next = (samples->next + 1) % SAMPLES_MAX;
    if (samples->count < SAMPLES_MAX)
        samples->count++;
}

static void append_sample(const struct sample *sample, struct buf *out)
{
    buf_append_char(out, '[');
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        int64_t value = *(const int64_t *)(const void *)((const char *)sample + fields[i].offset);
        if (i > 0)
            buf_append_char(out, ',');
        if (value == SAMPLE_UNKNOWN)
            buf_append(out, SLICE("null"));
        else
            counters_print_number(value, fields[i].divisor, out);
    }
    buf_append_char(out, ']');
}

void samples_json_append(const struct samples *samples, int64_t after_ms, struct buf *out)
{
    size_t first = (samples->next + SAMPLES_MAX - samples->count) % SAMPLES_MAX;
    size_t shown = 0;
    buf_append(out, SLICE("{\"fields\":["));
    for (size_t i = 0; i < FIELD_COUNT; i++)
        buf_printf(out, "%s\"%s\"", i ? "," : "", fields[i].name);
    buf_append(out, SLICE("],\"samples\":["));
    for (size_t i = 0; i < samples->count; i++) {
        const struct sample *sample = &samples->ring[(first + i) % SAMPLES_MAX];
        if (sample->time_ms <= after_ms)
            continue;
        if (shown++ > 0)
            buf_append_char(out, ',');
        append_sample(sample, out);
    }
    buf_append(out, SLICE("]}"));
}
