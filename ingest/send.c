#include "ingest/send.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/clock.h"
#include "common/envelope.h"
#include "common/json_scan.h"
#include "ingest/base62.h"
#include "ingest/ingest_conf.h"
#include "ingest/sample.h"
#include "ingest/send_args.h"
#include "ingest/send_client.h"
#include "ingest/send_items.h"
#include "ingest/signature.h"

enum {
    EXIT_ALL_ACCEPTED = 0,
    EXIT_SOME_REFUSED = 1,
    EXIT_WRONG_USE = 2,
    BODY_MAX_BYTES = 2 * SEND_FILE_MAX_BYTES, /* a file and what overrides add to it */
    URL_MAX_BYTES = 1024,
    ERROR_MAX = 400,
    MESSAGE_ID_MAX = sizeof "msg_" + BASE62_ID_LEN,
    TIMESTAMP_MAX = 24,
    NAME_SHOWN_MAX = 128,
};

struct sender {
    struct send_args args;
    struct send_items items;
    struct signature_keys *keys;
    struct send_client *client;
    int64_t sent, accepted;
};

/* Names of one delivery as they stand in the headers. */
struct delivery {
    char id[MESSAGE_ID_MAX];
    char timestamp[TIMESTAMP_MAX];
    char signature[SIGNATURE_TEXT_LEN + 1];
};

static const char help[] =
    "usage: clerk-ingest send [OPTION]... TYPE|FILE...\n"
    "\n"
    "Signs events with the first of CLERK_WEBHOOK_SIGNING_SECRET and posts them as Svix would.\n"
    "\n"
    "  TYPE                   a built-in sample, or several: user.created, 'user.*'; each round\n"
    "                         gets fresh ids and times, equal ids stay equal within a round\n"
    "  FILE                   a body to send byte for byte: a path with '/' or ending in .json,\n"
    "                         or - for standard input\n"
    "  --all                  every sample, in the order in which Clerk would send them\n"
    "  --list                 print the types there are, in that order\n"
    "  --count N              N rounds (1)\n"
    "  --override PATH=VALUE  change the body, as often as needed; VALUE is JSON, else a string\n"
    "  --url URL              where to (http://127.0.0.1:<port of INGEST_LISTEN or PORT> and the\n"
    "                         first of WEBHOOK_PATHS); http:// only\n"
    "\n"
    "Exit code: 0 all answered 2xx, 1 some were not, 2 wrong use.\n"
    "\n"
    "example: clerk-ingest send user.created --override data.first_name=Ada\n";

static uint64_t random_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        abort(); /* 8 bytes never come short once the kernel's generator is up */
    return seed;
}

/* --- One delivery. --- */

static enum status sign(struct sender *s, struct slice body, struct delivery *ret_delivery)
{
    struct delivery d;
    snprintf(d.id, sizeof d.id, "msg_%0*d", BASE62_ID_LEN, 0);
    base62_fill(random_seed(), d.id + 4, BASE62_ID_LEN);
    snprintf(d.timestamp, sizeof d.timestamp, "%" PRId64, clock_system.wall_ms() / 1000);
    struct signed_request request = {
        .id = slice_of(d.id),
        .timestamp = slice_of(d.timestamp),
        .body = &body,
        .body_count = 1,
    };
    enum status st = signature_sign(s->keys, &request, d.signature);
    if (st == STATUS_OK)
        *ret_delivery = d;
    return st;
}

static void post(struct sender *s, const struct delivery *d, struct slice body,
                 struct send_answer *ret_answer)
{
    const struct send_header headers[] = {
        { "Content-Type", "application/json" },
        { "User-Agent", "clerk-ingest-send/" CLERK_VERSION },
        { "Svix-Id", d->id },
        { "Svix-Timestamp", d->timestamp },
        { "Svix-Signature", d->signature },
    };
    send_client_post(s->client, headers, sizeof headers / sizeof headers[0], body, ret_answer);
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f)
            return false;
    return text.len > 0 && text.len <= NAME_SHOWN_MAX;
}

static struct slice or_dash(struct slice text)
{
    return is_printable(text) ? text : SLICE("-");
}

static struct slice find_data_id(struct slice data)
{
    struct slice key, value;
    struct json_iter it;
    if (!json_iter_begin(data, &it) || !it.is_object)
        return SLICE("");
    while (json_iter_next(&it, &key, &value) == STATUS_OK)
        if (json_spells(key, SLICE("id")) && value.len > 2 && value.ptr[0] == '"')
            return (struct slice){ value.ptr + 1, value.len - 2 };
    return SLICE("");
}

static void report(const struct delivery *d, struct slice body, const struct send_answer *answer)
{
    bool accepted = answer->code >= 200 && answer->code < 300;
    struct envelope envelope;
    if (envelope_read(body, &envelope) != STATUS_OK)
        envelope = (struct envelope){ 0 }; /* a file may hold anything: dashes then */
    FILE *out = accepted ? stdout : stderr;
    fprintf(out, "%03d %.*s %s %.*s  %.1f ms", answer->code, SLICE_ARG(or_dash(envelope.type)),
            d->id, SLICE_ARG(or_dash(find_data_id(envelope.data))),
            (double)answer->elapsed_us / 1000.0);
    if (!accepted)
        fprintf(out, "  %s", answer->text);
    fputc('\n', out);
    fflush(out);
}

static enum status send_item(struct sender *s, const struct send_item *item, uint64_t seed,
                             int64_t now_ms)
{
    struct delivery d;
    struct send_answer answer;
    struct buf body = buf_make(BODY_MAX_BYTES);
    enum status st = send_item_render(item, &s->args, seed, now_ms, &body);
    if (st == STATUS_OK)
        st = sign(s, buf_slice(&body), &d);
    if (st != STATUS_OK)
        goto out;
    post(s, &d, buf_slice(&body), &answer);
    report(&d, buf_slice(&body), &answer);
    s->sent++;
    s->accepted += answer.code >= 200 && answer.code < 300;
out:
    buf_release(&body);
    return st;
}

/* --- All of them. --- */

/* One round is one story. Its events get growing times even where several fall into one
 * millisecond: the worker orders them by time. */
static enum status send_round(struct sender *s)
{
    uint64_t seed = random_seed();
    int64_t last_ms = 0;
    for (size_t i = 0; i < s->items.count; i++) {
        int64_t now_ms = clock_system.wall_ms();
        last_ms = now_ms > last_ms ? now_ms : last_ms + 1;
        enum status st = send_item(s, &s->items.items[i], seed, last_ms);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static int send_all(struct sender *s)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a lost connection is an answer like others */
    for (int64_t round = 0; round < s->args.count; round++) {
        enum status st = send_round(s);
        if (st == STATUS_OK)
            continue;
        fprintf(stderr, "clerk-ingest send: cannot make the request: %s\n", status_name(st));
        return EXIT_SOME_REFUSED;
    }
    printf("sent %" PRId64 ", accepted %" PRId64 ", refused %" PRId64 "\n", s->sent, s->accepted,
           s->sent - s->accepted);
    return s->sent == s->accepted ? EXIT_ALL_ACCEPTED : EXIT_SOME_REFUSED;
}

/* Renders everything once, so that an override that does not fit is found before anything is sent.
 */
static enum status rehearse(struct sender *s, char *ret_error)
{
    for (size_t i = 0; i < s->items.count; i++) {
        struct buf body = buf_make(BODY_MAX_BYTES);
        enum status st = send_item_render(&s->items.items[i], &s->args, 0, clock_system.wall_ms(),
                                          &body);
        buf_release(&body);
        if (st == STATUS_OK)
            continue;
        snprintf(ret_error, ERROR_MAX, "%.200s: cannot be overridden: %s", s->items.items[i].name,
                 st == STATUS_INVALID ? "not a JSON object, or the path does not fit"
                                      : status_name(st));
        return st;
    }
    return STATUS_OK;
}

/* The address that this machine's own clerk-ingest listens at. */
static void default_url(const struct ingest_conf *conf, char url[URL_MAX_BYTES])
{
    snprintf(url, URL_MAX_BYTES, "http://127.0.0.1:%d%.*s", conf->listen.port,
             SLICE_ARG(conf->paths[0]));
}

static const char *look_up(const char *name)
{
    return getenv(name);
}

static enum status set_up(struct sender *s, char *ret_error)
{
    struct ingest_conf conf;
    char url[URL_MAX_BYTES];
    enum status st = ingest_conf_load(look_up, &conf, ret_error);
    if (st != STATUS_OK)
        return st;
    default_url(&conf, url);
    s->keys = conf.keys;
    conf.keys = NULL;
    ingest_conf_release(&conf);
    st = send_client_new(s->args.url ? s->args.url : url, SEND_CLIENT_TIMEOUT_MS, &s->client,
                         ret_error);
    if (st == STATUS_OK)
        st = send_items_find(&s->args, &s->items, ret_error);
    return st == STATUS_OK ? rehearse(s, ret_error) : st;
}

static int list_samples(void)
{
    for (size_t i = 0; i < sample_count(); i++)
        printf("%.*s\n", SLICE_ARG(sample_at(i)->type));
    return EXIT_ALL_ACCEPTED;
}

static int refuse(const char *error)
{
    fprintf(stderr, "clerk-ingest send: %s\n", error);
    return EXIT_WRONG_USE;
}

int send_command(int argc, char **argv)
{
    char error[ERROR_MAX];
    struct sender s = { 0 };
    int code;
    if (send_args_parse(argc, argv, &s.args, error) != STATUS_OK)
        return refuse(error);
    if (s.args.help)
        code = fputs(help, stdout) < 0;
    else if (s.args.list)
        code = list_samples();
    else if (set_up(&s, error) != STATUS_OK)
        code = refuse(error);
    else
        code = send_all(&s);
    send_client_free(s.client);
    signature_keys_free(s.keys);
    send_items_release(&s.items);
    send_args_release(&s.args);
    return code;
}
