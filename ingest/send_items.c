#include "ingest/send_items.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_scan.h"
#include "ingest/sample.h"
#include "ingest/sample_refresh.h"

static enum status refuse(char *ret_error, const char *target, const char *why)
{
    snprintf(ret_error, SEND_ITEMS_ERROR_MAX, "%.200s: %s", target, why);
    return STATUS_INVALID;
}

static bool is_named_lines(const char *path)
{
    return slice_ends_with(slice_of(path), SLICE(".ndjson")) ||
           slice_ends_with(slice_of(path), SLICE(".jsonl"));
}

bool send_items_is_file(const char *target)
{
    return strchr(target, '/') || slice_ends_with(slice_of(target), SLICE(".json")) ||
           is_named_lines(target) || strcmp(target, "-") == 0;
}

static enum status add_item(struct send_items *items, struct send_item item)
{
    if (items->count == SEND_ITEMS_MAX)
        return STATUS_TOO_BIG;
    struct send_item *grown = realloc(items->items, (items->count + 1) * sizeof(*grown));
    if (!grown)
        return STATUS_NO_MEMORY;
    items->items = grown;
    items->items[items->count++] = item;
    return STATUS_OK;
}

static enum status add_samples(struct send_items *items, const char *pattern, char *ret_error)
{
    size_t before = items->count;
    for (size_t i = 0; i < sample_count(); i++) {
        const struct sample *sample = sample_at(i);
        if (!sample_matches(sample, pattern))
            continue;
        struct send_item item = { sample->type.ptr, true, sample->body, NULL };
        if (add_item(items, item) != STATUS_OK)
            return refuse(ret_error, pattern, "too many events in one round");
    }
    if (items->count == before)
        return refuse(ret_error, pattern, "no sample of this type, see --list");
    return STATUS_OK;
}

static void read_all(FILE *in, struct buf *out)
{
    char piece[16 * 1024];
    size_t len;
    while ((len = fread(piece, 1, sizeof(piece), in)) > 0)
        buf_append(out, (struct slice){ piece, len });
}

/* A file of one event cannot look so: its first line would be all of it. */
static bool has_lines(struct slice content)
{
    if (content.len == 0)
        return false;
    size_t end = slice_find(content, '\n');
    struct slice value, rest = { content.ptr + end, content.len - end };
    return json_scan_whole((struct slice){ content.ptr, end }, &value) && value.ptr[0] == '{' &&
           slice_trim(rest).len > 0;
}

/* One event for each line that is not blank; the first one owns the memory. */
static enum status add_lines(struct send_items *items, const char *path, char *file,
                             struct slice content)
{
    struct slice line;
    enum status st = STATUS_OK;
    char *owned = file;
    while (st == STATUS_OK && slice_split(&content, '\n', &line)) {
        line = slice_trim(line);
        if (line.len == 0)
            continue;
        st = add_item(items, (struct send_item){ path, false, line, owned });
        if (st == STATUS_OK)
            owned = NULL;
    }
    free(owned); /* nobody took it */
    return st;
}

static enum status add_file(struct send_items *items, const char *path, char *ret_error)
{
    struct buf content = buf_make(SEND_FILE_MAX_BYTES);
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *in = is_stdin ? stdin : fopen(path, "rb");
    if (!in)
        return refuse(ret_error, path, strerror(errno));
    errno = 0;
    read_all(in, &content);
    int failed = ferror(in) ? errno : 0; /* a folder opens, and fails only here */
    if (!is_stdin)
        fclose(in);
    if (failed || buf_status(&content) != STATUS_OK) {
        buf_release(&content);
        return refuse(ret_error, path, failed ? strerror(failed) : "longer than 16 MiB");
    }
    struct send_item item = { path, false, buf_slice(&content), content.ptr };
    enum status st;
    if (is_named_lines(path) || has_lines(item.body)) {
        st = add_lines(items, path, item.file, item.body);
    } else {
        st = add_item(items, item);
        if (st != STATUS_OK)
            buf_release(&content);
    }
    if (st == STATUS_OK)
        return STATUS_OK;
    return refuse(ret_error, path, "too many events in one round");
}

enum status send_items_find(const struct send_args *args, struct send_items *ret_items,
                            char ret_error[SEND_ITEMS_ERROR_MAX])
{
    struct send_items items = { 0 };
    enum status st = args->all ? add_samples(&items, "*", ret_error) : STATUS_OK;
    for (size_t i = 0; i < args->target_count && st == STATUS_OK; i++) {
        const char *target = args->targets[i];
        st = send_items_is_file(target) ? add_file(&items, target, ret_error)
                                        : add_samples(&items, target, ret_error);
    }
    if (st == STATUS_OK)
        *ret_items = items;
    else
        send_items_release(&items);
    return st;
}

static enum status change(struct slice path, struct slice value, struct buf *body)
{
    struct override filled = { path, buf_make(OVERRIDE_VALUE_MAX_BYTES) };
    struct buf changed = buf_make(body->max);
    buf_append(&filled.value, value);
    enum status st = buf_status(&filled.value);
    if (st == STATUS_OK)
        st = override_apply(&filled, buf_slice(body), &changed);
    if (st == STATUS_OK) {
        buf_clear(body);
        buf_append(body, buf_slice(&changed));
        st = buf_status(body);
    }
    override_release(&filled);
    buf_release(&changed);
    return st;
}

static enum status apply_override(const struct override *override, const struct send_chain *chain,
                                  struct buf *body)
{
    struct buf value = buf_make(OVERRIDE_VALUE_MAX_BYTES);
    bool is_known = send_chain_fill(chain, buf_slice(&override->value), &value);
    enum status st = buf_status(&value);
    if (st == STATUS_OK && is_known)
        st = change(override->path, buf_slice(&value), body);
    buf_release(&value);
    return st;
}

enum status send_item_render(const struct send_item *item, const struct send_args *args,
                             uint64_t seed, int64_t now_ms, struct send_chain *chain,
                             struct buf *out)
{
    enum status st = STATUS_OK;
    if (item->is_sample)
        st = sample_refresh(item->body, seed, now_ms, out);
    else
        (void)send_chain_fill(chain, item->body, out); /* what is not known stays as it was */
    for (size_t i = 0; i < args->override_count && st == STATUS_OK; i++)
        st = apply_override(&args->overrides[i], chain, out);
    if (st == STATUS_OK)
        send_chain_note(chain, buf_slice(out));
    if (st == STATUS_OK && args->poison) /* an id is a text */
        st = change(SLICE("data.id"), SLICE("0"), out);
    return st == STATUS_OK ? buf_status(out) : st;
}

void send_items_release(struct send_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        free(items->items[i].file);
    free(items->items);
    *items = (struct send_items){ 0 };
}
