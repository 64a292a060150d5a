#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/commands.h"
#include "worker/dead_order.h"
#include "worker/dead_show.h"
#include "worker/options.h"
#include "worker/store_read.h"
#include "worker/worker_conf.h"

const char dead_help[] =
    "usage: clerk-worker dead list [FILTER] [--count N] [--json]\n"
    "       clerk-worker dead show SVIX-ID [--json]\n"
    "       clerk-worker dead retry|drop SVIX-ID | --all | FILTER\n"
    "       clerk-worker dead export [FILTER]\n"
    "\n"
    "Dead letters: events that could not be applied, with the reason and the exact body.\n"
    "  list    one line each, without bodies, the oldest first; at most N (100)\n"
    "  show    one with its body, which may hold personal data and codes\n"
    "  retry   back into the stream: a worker applies the events and then removes the letters;\n"
    "          what fails again comes back, and nothing is lost wherever this ends\n"
    "  drop    removes them for good\n"
    "  export  prints the bodies, one on each line, as clerk-ingest send takes them\n"
    "FILTER is one or more of\n"
    "  --type TYPE    this type, or a pattern: 'user.*'\n"
    "  --reason TEXT  the reason has this in it\n"
    "  --older AGE, --newer AGE   failed before or after that: 90s, 15m, 2h, 7d\n"
    "\n"
    "Exit code: 0, 1 could not be done, 2 wrong use.\n"
    "\n"
    "example: clerk-worker dead retry --reason 'database refused'\n";

struct dead {
    const struct worker_conf *conf;
    struct dead_filter filter;
    int64_t count;
    bool all;
    bool json;
    const char *svix_id; /* NULL: none named */
};

static int complain(const char *why, int code)
{
    fprintf(stderr, "clerk-worker dead: %s\n", why);
    return code;
}

static int end_of_output(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? COMMAND_DONE : COMMAND_FAILED;
}

static struct dead_view view_of(const struct dead *dead, struct store *store)
{
    return (struct dead_view){
        .store = store,
        .filter = &dead->filter,
        .now_ms = clock_system.wall_ms(),
        .count = dead->count,
        .json = dead->json,
        .is_terminal = isatty(STDOUT_FILENO) == 1,
        .out = stdout,
    };
}

static enum status list(const struct dead *dead, struct store *store)
{
    struct dead_view view = view_of(dead, store);
    int64_t total = 0;
    enum status st = dead_show_list(&view, &total);
    if (st == STATUS_OK && total > dead->count)
        fprintf(stderr, "and %" PRId64 " more: --count shows them\n", total - dead->count);
    if (st == STATUS_OK && total == 0 && view.is_terminal)
        puts("no such dead letter");
    return st;
}

static enum status show(const struct dead *dead, struct store *store)
{
    struct dead_view view = view_of(dead, store);
    return dead_show_one(&view, slice_of(dead->svix_id));
}

static enum status export(const struct dead *dead, struct store *store) {
    struct dead_view view = view_of(dead, store); int64_t total = 0, left_out = 0;
    enum status st = dead_show_export(&view, &total, &left_out);
    if (st == STATUS_OK && left_out > 0)
        fprintf(stderr,
                "clerk-worker dead: %" PRId64 " exported, %" PRId64 " left out because they are "
                "not JSON: dead show has them\n",
                total, left_out);
    return st;
}

typedef enum status look_fn(const struct dead *dead, struct store *store);

static int look(const struct dead *dead, look_fn *fn)
{
    struct store *store = NULL;
    char why[STORE_ERROR_MAX] = "";
    enum status st = store_open_to_read(dead->conf->database_url, &store, why);
    if (st != STATUS_OK)
        return complain(why, COMMAND_FAILED);
    st = fn(dead, store);
    if (st == STATUS_NOT_FOUND)
        (void)complain("there is no dead letter of this svix-id", COMMAND_FAILED);
    else if (st != STATUS_OK)
        (void)complain(store_why(store), COMMAND_FAILED);
    store_close(store);
    return st == STATUS_OK ? end_of_output() : COMMAND_FAILED;
}

static int change(const struct dead *dead, enum dead_verb verb, const char *done)
{
    const struct dead_order order = { .verb = verb,
                                      .filter = &dead->filter,
                                      .svix_id = slice_of(dead->svix_id) };
    struct dead_result result;
    enum status st = dead_order_do(dead->conf, &clock_system, &order, &result);
    printf("%s %" PRId64 "\n", done, result.count);
    if (st != STATUS_OK) {
        fprintf(stderr, "clerk-worker dead: stopped: %s; the letters are kept, run it again\n",
                result.why);
        return COMMAND_FAILED;
    }
    if (result.count == 0 && dead->svix_id)
        return complain("there is no dead letter of this svix-id", COMMAND_FAILED);
    return end_of_output();
}

enum { TAKES_ID = 1, TAKES_FILTER = 2, CHANGES = 4 };

static const struct {
    const char *word;
    int takes;
    look_fn *look; /* NULL: verb changes them */
    enum dead_verb verb;
    const char *done;
} verbs[] = {
    { "list", TAKES_FILTER, list, 0, NULL },
    { "show", TAKES_ID, show, 0, NULL },
    { "export", TAKES_FILTER, export, 0, NULL },
    { "retry", TAKES_ID | TAKES_FILTER | CHANGES, NULL, DEAD_RETRY, "put back" },
    { "drop", TAKES_ID | TAKES_FILTER | CHANGES, NULL, DEAD_DROP, "dropped" },
};

/* What is wrong with the words, or NULL. */
static const char *misuse(const struct dead *dead, int takes, size_t words)
{
    bool is_filtered = dead->all || dead_filter_is_set(&dead->filter);
    if (words > 1 || (words == 1 && !(takes & TAKES_ID)))
        return "too many words, see --help";
    if (is_filtered && !(takes & TAKES_FILTER))
        return "this one takes a svix-id and no filter";
    if (dead->all && !(takes & CHANGES))
        return "--all is for retry and drop";
    if (words == 1 && is_filtered)
        return "either a svix-id, or --all, or a filter";
    if (words == 0 && (takes & TAKES_ID) && !is_filtered)
        return takes & CHANGES ? "which ones? a svix-id, --all or a filter"
                               : "which one? a svix-id";
    return NULL;
}

int dead_command(const struct worker_conf *conf, int argc, char **argv)
{
    struct dead dead = { .conf = conf, .count = 100 };
    const struct option_spec specs[] = {
        { "--type", OPTION_TEXT, &dead.filter.type, 0, 0 },
        { "--reason", OPTION_TEXT, &dead.filter.reason, 0, 0 },
        { "--older", OPTION_AGE, &dead.filter.older_ms, 0, 0 },
        { "--newer", OPTION_AGE, &dead.filter.newer_ms, 0, 0 },
        { "--count", OPTION_COUNT, &dead.count, 1, 1000000000 },
        { "--all", OPTION_FLAG, &dead.all, 0, 0 },
        { "--json", OPTION_FLAG, &dead.json, 0, 0 },
    };
    char why[OPTIONS_ERROR_MAX];
    size_t words = 0;
    enum status st = options_read(argc, argv, specs, sizeof(specs) / sizeof(*specs), &words, why);
    if (st != STATUS_OK)
        return complain(why, COMMAND_WRONG_USE);
    for (size_t i = 0; words > 0 && i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (strcmp(argv[0], verbs[i].word) != 0)
            continue;
        const char *wrong = misuse(&dead, verbs[i].takes, words - 1);
        if (wrong)
            return complain(wrong, COMMAND_WRONG_USE);
        dead.svix_id = words > 1 ? argv[1] : NULL;
        return verbs[i].look ? look(&dead, verbs[i].look)
                             : change(&dead, verbs[i].verb, verbs[i].done);
    }
    return complain("list, show, retry, drop or export? see --help", COMMAND_WRONG_USE);
}
