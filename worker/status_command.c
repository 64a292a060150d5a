#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/commands.h"
#include "worker/options.h"
#include "worker/status_print.h"
#include "worker/status_report.h"

const char status_help[] =
    "usage: clerk-worker status [--watch] [--every N] [--json]\n"
    "\n"
    "One screen: the backlog, its oldest event, the workers, what was applied of late, dead\n"
    "letters, Redis and the database; then what is wrong, and what to do about it.\n"
    "\n"
    "  --watch    look again and again, until Ctrl-C; shows the rate of arrival too\n"
    "  --every N  seconds between two looks (2)\n"
    "  --json     one JSON object for each look\n"
    "\n"
    "Exit code: 0, 1 when Redis or the database could not be asked, 2 wrong use.\n"
    "\n"
    "example: clerk-worker status --json | jq .queue.oldest_age_ms\n";

struct looks {
    bool watch;
    bool json;
    int64_t every_s;
};

static int show(const struct status_report *report, const struct looks *looks)
{
    bool is_terminal = isatty(STDOUT_FILENO) == 1;
    if (looks->json) {
        status_print_json(report, stdout);
    } else {
        if (looks->watch && is_terminal)
            fputs("\033[H\033[2J", stdout); /* ECMA-48: to the top, and erase all */
        status_print(report, is_terminal, stdout);
        if (looks->watch && !is_terminal)
            fputc('\n', stdout);
    }
    bool is_whole = report->has_queue && (report->has_store || report->store_late);
    return fflush(stdout) == 0 && is_whole ? COMMAND_DONE : COMMAND_FAILED;
}

static int look(struct status_source *source, const struct looks *looks)
{
    struct status_report report;
    for (;;) {
        status_source_look(source, &report);
        int code = show(&report, looks);
        if (!looks->watch || ferror(stdout))
            return code;
        clock_sleep_ms(looks->every_s * 1000);
    }
}

int status_command(const struct worker_conf *conf, int argc, char **argv)
{
    struct looks looks = { .every_s = 2 };
    const struct option_spec specs[] = {
        { "--watch", OPTION_FLAG, &looks.watch, 0, 0 },
        { "--json", OPTION_FLAG, &looks.json, 0, 0 },
        { "--every", OPTION_COUNT, &looks.every_s, 1, 3600 },
    };
    char why[OPTIONS_ERROR_MAX];
    if (options_read_alone(argc, argv, specs, sizeof(specs) / sizeof(*specs), why) != STATUS_OK) {
        fprintf(stderr, "clerk-worker status: %s\n", why);
        return COMMAND_WRONG_USE;
    }
    struct status_source *source = status_source_new(conf, &clock_system);
    int code = source ? look(source, &looks) : COMMAND_FAILED;
    status_source_free(source);
    return code;
}
