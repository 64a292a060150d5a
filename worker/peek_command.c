#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "worker/commands.h"
#include "worker/event_id.h"
#include "worker/listing.h"
#include "worker/options.h"
#include "worker/peek_json.h"
#include "worker/queue_browse.h"
#include "worker/redis_link.h"
#include "worker/worker_conf.h"

const char peek_help[] =
    "usage: clerk-worker peek [--count N] [--type TYPE] [--body] [--json]\n"
    "\n"
    "The oldest events that wait in the stream, without taking them: entry id, svix-id, type, age\n"
    "and the id of the object.\n"
    "\n"
    "  --count N    so many (10)\n"
    "  --type TYPE  only this one, or a pattern: 'user.*'\n"
    "  --body       the payload, too; it may hold personal data and codes\n"
    "  --json       one JSON object on each line\n"
    "\n"
    "Exit code: 0, 1 when Redis could not be asked, 2 wrong use.\n"
    "\n"
    "example: clerk-worker peek --count 3 --type 'organization*.*'\n";

enum { PORTION = 50, JSON_MAX_BYTES = 64 << 20, TYPE_MAX = 128 };

struct peek {
    int64_t count;
    const char *type; /* NULL: any */
    bool body;
    bool json;
    int64_t now_ms;
    struct listing list;
};

static bool is_wanted(const struct peek *peek, const struct queue_entry *entry)
{
    char type[TYPE_MAX + 1];
    if (!peek->type)
        return true;
    snprintf(type, sizeof(type), "%.*s", SLICE_ARG(entry->type));
    return fnmatch(peek->type, type, 0) == 0;
}

static void show_json(const struct peek *peek, const struct queue_entry *entry)
{
    struct buf line = buf_make(JSON_MAX_BYTES);
    peek_json_append(&line, entry, peek->now_ms, peek->body);
    printf("%s\n", buf_text(&line));
    buf_release(&line);
}

static void show_body(const struct peek *peek, struct slice body)
{
    if (peek->list.is_terminal)
        listing_print_safely(stdout, body);
    else
        fwrite(body.ptr, 1, body.len, stdout);
    fputc('\n', stdout);
}

static void show(struct peek *peek, const struct queue_entry *entry)
{
    if (peek->json) {
        show_json(peek, entry);
        return;
    }
    char age[LISTING_CELL_MAX];
    int64_t age_ms = peek_age_ms(entry, peek->now_ms);
    listing_age(age_ms, age);
    listing_cell(&peek->list, entry->entry_id);
    listing_cell(&peek->list, entry->svix_id);
    listing_cell(&peek->list, entry->type);
    if (peek->list.is_terminal)
        listing_cell(&peek->list, slice_of(age));
    else
        listing_number(&peek->list, age_ms);
    listing_cell(&peek->list, event_id_peek(entry->body));
    if (peek->body)
        show_body(peek, entry->body);
}

static enum status walk(struct peek *peek, struct redis_link *link, const struct queue_conf *queue)
{
    char last[QUEUE_ENTRY_ID_MAX + 1] = "";
    enum status st = STATUS_OK;
    bool is_end = false;
    int64_t shown = 0;
    while (st == STATUS_OK && !is_end && shown < peek->count) {
        struct batch batch = { 0 };
        size_t most = peek->count < PORTION && !peek->type ? (size_t)peek->count : PORTION;
        st = queue_browse_next(link, queue, slice_of(last), most, &batch);
        for (size_t i = 0; i < batch.count && shown < peek->count; i++) {
            if (!is_wanted(peek, &batch.entries[i]))
                continue;
            show(peek, &batch.entries[i]);
            shown++;
        }
        is_end = batch.count < most;
        if (batch.count > 0)
            snprintf(last, sizeof(last), "%.*s",
                     SLICE_ARG(batch.entries[batch.count - 1].entry_id));
        batch_release(&batch);
    }
    if (st == STATUS_OK && shown == 0 && peek->list.is_terminal)
        puts("no such event waits");
    return st;
}

static int run(const struct worker_conf *conf, struct peek *peek)
{
    static const struct listing_column columns[] = {
        { "ENTRY", 17 }, { "SVIX-ID", 31 }, { "TYPE", 30 }, { "AGE", 7 }, { "OBJECT", 0 },
    };
    struct queue_conf queue = { .url = &conf->redis_url,
                                .key = conf->stream_key,
                                .group = conf->stream_group,
                                .consumer = conf->name };
    struct redis_link *link = redis_link_new(&conf->redis_url);
    if (!link)
        return COMMAND_FAILED;
    bool is_terminal = isatty(STDOUT_FILENO) == 1;
    peek->now_ms = clock_system.wall_ms();
    peek->list = listing_begin(stdout, is_terminal && !peek->json, columns,
                               sizeof(columns) / sizeof(*columns));
    enum status st = walk(peek, link, &queue);
    if (st != STATUS_OK)
        fprintf(stderr, "clerk-worker peek: Redis: %s\n", redis_link_why(link));
    redis_link_free(link);
    return st == STATUS_OK && fflush(stdout) == 0 ? COMMAND_DONE : COMMAND_FAILED;
}

int peek_command(const struct worker_conf *conf, int argc, char **argv)
{
    struct peek peek = { .count = 10 };
    const struct option_spec specs[] = {
        { "--count", OPTION_COUNT, &peek.count, 1, 1000000 },
        { "--type", OPTION_TEXT, &peek.type, 0, 0 },
        { "--body", OPTION_FLAG, &peek.body, 0, 0 },
        { "--json", OPTION_FLAG, &peek.json, 0, 0 },
    };
    char why[OPTIONS_ERROR_MAX];
    if (options_read_alone(argc, argv, specs, sizeof(specs) / sizeof(*specs), why) == STATUS_OK)
        return run(conf, &peek);
    fprintf(stderr, "clerk-worker peek: %s\n", why);
    return COMMAND_WRONG_USE;
}
