#include "event_mix.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char id_hole[] = "########################";
static const char time_hole[] = "~~~~~~~~~~~~~";

struct hole {
    size_t offset;
    bool is_time;
};

struct line {
    struct slice type;
    uint64_t back;
    char *body; /* inside text; its holes are filled anew for each event */
    size_t len;
    struct hole holes[EVENT_MIX_HOLES_MAX];
    size_t hole_count;
};

struct event_mix {
    uint64_t spread;
    char *text;
    struct line lines[EVENT_MIX_LINES_MAX];
    size_t count;
    char message_id[EVENT_MIX_MESSAGE_MAX];
};

static bool starts_hole(const char *at, const char *end, const char *hole, size_t len)
{
    return (size_t)(end - at) >= len && memcmp(at, hole, len) == 0;
}

static bool find_holes(struct line *line)
{
    const char *end = line->body + line->len;

    for (const char *at = line->body; at < end; at++) {
        bool is_id = starts_hole(at, end, id_hole, EVENT_MIX_ID_DIGITS);
        bool is_time = !is_id && starts_hole(at, end, time_hole, EVENT_MIX_TIME_DIGITS);
        if (!is_id && !is_time)
            continue;
        if (line->hole_count == EVENT_MIX_HOLES_MAX)
            return false;
        line->holes[line->hole_count++] = (struct hole){ (size_t)(at - line->body), is_time };
        at += (is_id ? EVENT_MIX_ID_DIGITS : EVENT_MIX_TIME_DIGITS) - 1;
    }
    return true;
}

static bool read_line(struct slice text, struct line *line)
{
    struct slice type;
    struct slice back;
    int64_t rounds;

    if (!slice_split(&text, '\t', &type) || !slice_split(&text, '\t', &back))
        return false;
    if (text.len == 0 || text.len > EVENT_MIX_BODY_MAX ||
        !slice_to_i64(back, 0, INT32_MAX, &rounds))
        return false;
    *line = (struct line){ .type = type, .back = (uint64_t)rounds, .len = text.len };
    line->body = malloc(text.len);
    if (!line->body)
        return false;
    memcpy(line->body, text.ptr, text.len);
    return find_holes(line);
}

static bool read_lines(struct event_mix *mix, struct slice text)
{
    struct slice line;

    while (slice_split(&text, '\n', &line))
        if (mix->count == EVENT_MIX_LINES_MAX || !read_line(line, &mix->lines[mix->count++]))
            return false;
    return mix->count > 0;
}

static char *read_file(FILE *file, size_t *ret_len)
{
    size_t max = (size_t)EVENT_MIX_LINES_MAX * EVENT_MIX_BODY_MAX;
    char *text = malloc(max);

    if (text)
        *ret_len = fread(text, 1, max, file);
    return text;
}

enum status event_mix_new(const char *path, uint64_t spread, struct event_mix **ret_mix)
{
    FILE *file = fopen(path, "rb");
    struct event_mix *mix = calloc(1, sizeof(*mix));
    enum status st = STATUS_NO_MEMORY;
    size_t len = 0;

    if (!mix)
        goto out;
    mix->spread = spread;
    if (!file) {
        st = STATUS_NOT_FOUND;
        goto out;
    }
    mix->text = read_file(file, &len);
    if (!mix->text)
        goto out;
    st = STATUS_INVALID;
    if (!read_lines(mix, (struct slice){ mix->text, len }))
        goto out;
    *ret_mix = mix;
    mix = NULL;
    st = STATUS_OK;
out:
    if (file)
        fclose(file);
    event_mix_free(mix);
    return st;
}

static void fill(char *at, size_t digits, uint64_t number)
{
    while (digits-- > 0) {
        at[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

static uint64_t object_of(const struct event_mix *mix, const struct line *line, uint64_t n)
{
    uint64_t round = n / mix->count;

    if (mix->spread > 0)
        return n * 2654435761u % mix->spread;
    return round > line->back ? round - line->back : 0;
}

void event_mix_make(struct event_mix *mix, uint64_t n, int64_t at_ms, struct mixed_event *ret_event)
{
    struct line *line = &mix->lines[n % mix->count];
    uint64_t object = object_of(mix, line, n);
    int len = snprintf(mix->message_id, sizeof(mix->message_id), EVENT_MIX_MESSAGE_HEAD "%026llu",
                       (unsigned long long)n);

    for (size_t i = 0; i < line->hole_count; i++) {
        const struct hole *hole = &line->holes[i];
        if (hole->is_time)
            fill(line->body + hole->offset, EVENT_MIX_TIME_DIGITS, (uint64_t)at_ms);
        else
            fill(line->body + hole->offset, EVENT_MIX_ID_DIGITS, object);
    }
    *ret_event = (struct mixed_event){
        .type = line->type,
        .body = { line->body, line->len },
        .message_id = { mix->message_id, (size_t)len },
    };
}

void event_mix_free(struct event_mix *mix)
{
    if (!mix)
        return;
    for (size_t i = 0; i < mix->count; i++)
        free(mix->lines[i].body);
    free(mix->text);
    free(mix);
}
