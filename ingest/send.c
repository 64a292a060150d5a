#include "ingest/send.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"
#include "ingest/ingest_conf.h"
#include "ingest/sample.h"
#include "ingest/send_args.h"
#include "ingest/send_chain.h"
#include "ingest/send_client.h"
#include "ingest/send_items.h"
#include "ingest/send_job.h"
#include "ingest/send_load.h"
#include "ingest/send_report.h"
#include "ingest/send_source.h"
#include "ingest/signature.h"

enum {
    EXIT_ALL_ACCEPTED = 0,
    EXIT_SOME_REFUSED = 1,
    EXIT_WRONG_USE = 2,
    URL_MAX_BYTES = 1024,
    ERROR_MAX = 400,
};

struct sender {
    struct send_args args;
    struct send_items items;
    struct signature_keys *keys;
    struct send_client *client;
    struct send_source *source;
    struct send_report report;
};

static const char help[] =
    "usage: clerk-ingest send [OPTION]... TYPE|FILE...\n"
    "\n"
    "Signs events with the first of CLERK_WEBHOOK_SIGNING_SECRET and posts them as Svix would.\n"
    "\n"
    "  TYPE             a sample, or several: user.created, 'user.*'; fresh ids and times each "
    "round\n"
    "  FILE             bodies as they are: a path with '/' or ending in .json; - for stdin;\n"
    "                   one on each line where it ends in .ndjson\n"
    "  --all, --list    every sample in a causal order; or print their types\n"
    "  --count N        N rounds (1)\n"
    "  --override P=V   change bodies: data.first_name=Ada; V is JSON, else a string; ${user.id} "
    "in\n"
    "                   V and in FILEs is the id of the object sent last in a user.* event\n"
    "  --url URL        where to (this machine's INGEST_LISTEN and first of WEBHOOK_PATHS); "
    "http://\n"
    "  --rate R         R events a second; without it, as fast as they are answered\n"
    "  --concurrency C  C connections (1); as with --rate, totals and latencies, not each event\n"
    "  --retry          repeat what is answered 5xx, 429 or not at all, as Svix does, but sooner\n"
    "  --duplicate P%   send P% of the events a second time under their svix-id\n"
    "  --shuffle        out of order, over all rounds\n"
    "  --bad-signature  sign wrongly;  --skew S  S seconds (or -S) off;\n"
    "  --poison         bodies that can only become dead letters, under svix-ids msg_poison_...\n"
    "  --ids-out FILE   svix-id, last answer and type of each event, a line each\n"
    "\n"
    "Exit code: 0 all answered 2xx, 1 some were not, 2 wrong use.\n"
    "\n"
    "example: clerk-ingest send user.created --override data.first_name=Ada\n";

static uint64_t random_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        abort(); /* 8 bytes never come short once the kernel's generator is up */
    return seed;
}

static bool is_load(const struct send_args *args)
{
    return args->rate > 0 || args->concurrency > 0 || args->ids_out;
}

static int64_t deliveries(const struct sender *s)
{
    int64_t events = s->args.count * (int64_t)s->items.count;
    return events + events * s->args.duplicate_percent / 100;
}

static int send_all(struct sender *s)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a lost connection is an answer like others */
    enum status st = send_load_run(&s->args, s->source, s->keys, s->client, &s->report,
                                   random_seed());
    if (st != STATUS_OK)
        fprintf(stderr, "clerk-ingest send: %s: %s\n",
                st == STATUS_STOPPED ? "ended before the last event" : "cannot make the request",
                status_name(st));
    enum status written = send_report_end(&s->report);
    if (written != STATUS_OK)
        fprintf(stderr, "clerk-ingest send: --ids-out: not all of it could be written\n");
    bool all_well = st == STATUS_OK && written == STATUS_OK && s->report.sent == s->report.accepted;
    return all_well ? EXIT_ALL_ACCEPTED : EXIT_SOME_REFUSED;
}

/* A reference that no event of the round can resolve is a slip of the pen. */
static enum status check_references(const struct send_args *args, const struct send_chain *chain,
                                    char *ret_error)
{
    for (size_t i = 0; i < args->override_count; i++) {
        struct buf filled = buf_make(OVERRIDE_VALUE_MAX_BYTES);
        bool is_known = send_chain_fill(chain, buf_slice(&args->overrides[i].value), &filled);
        buf_release(&filled);
        if (is_known)
            continue;
        snprintf(ret_error, ERROR_MAX,
                 "--override %.*s: nothing is sent that it could refer to: %.200s",
                 SLICE_ARG(args->overrides[i].path), buf_text(&args->overrides[i].value));
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

/* Renders everything once, so that an override that does not fit is found before anything is sent.
 */
static enum status rehearse(struct sender *s, char *ret_error)
{
    struct send_chain chain = { 0 };
    for (size_t i = 0; i < s->items.count; i++) {
        struct buf body = buf_make(SEND_BODY_MAX_BYTES);
        enum status st = send_item_render(&s->items.items[i], &s->args, 0, clock_system.wall_ms(),
                                          &chain, &body);
        buf_release(&body);
        if (st == STATUS_OK)
            continue;
        snprintf(ret_error, ERROR_MAX, "%.200s: cannot be overridden: %s", s->items.items[i].name,
                 st == STATUS_INVALID ? "not a JSON object, or the path does not fit"
                                      : status_name(st));
        return st;
    }
    return check_references(&s->args, &chain, ret_error);
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

static enum status prepare(struct sender *s, char *ret_error)
{
    if (send_source_new(&s->items, s->args.count, s->args.shuffle, random_seed(), &clock_system,
                        &s->source) != STATUS_OK) {
        snprintf(ret_error, ERROR_MAX, "out of memory");
        return STATUS_NO_MEMORY;
    }
    enum status st = send_report_begin(&s->report, is_load(&s->args), deliveries(s),
                                       s->args.ids_out);
    if (st != STATUS_OK)
        snprintf(ret_error, ERROR_MAX, "--ids-out %.200s: %s", s->args.ids_out, strerror(errno));
    return st;
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
    size_t connections = s->args.concurrency > 0 ? (size_t)s->args.concurrency : 1;
    st = send_client_new(s->args.url ? s->args.url : url, SEND_CLIENT_TIMEOUT_MS, connections,
                         &s->client, ret_error);
    if (st == STATUS_OK)
        st = send_items_find(&s->args, &s->items, ret_error);
    if (st == STATUS_OK)
        st = rehearse(s, ret_error);
    return st == STATUS_OK ? prepare(s, ret_error) : st;
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
    send_source_free(s.source);
    signature_keys_free(s.keys);
    send_items_release(&s.items);
    send_args_release(&s.args);
    return code;
}
