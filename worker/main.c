/* clerk-worker: takes Clerk's events from the stream and keeps the tables in step. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "common/admin.h"
#include "common/log.h"
#include "common/notify.h"
#include "worker/commands.h"
#include "worker/json_node.h"
#include "worker/page.h"
#include "worker/redis_reply.h"
#include "worker/store.h"
#include "worker/worker.h"
#include "worker/worker_conf.h"
#include "worker/worker_counters.h"

enum { EXIT_TROUBLE = 1, EXIT_USAGE = 2, HEALTH_TIMEOUT_MS = 3000, KEPT_BYTES = 16 << 20 };

static volatile sig_atomic_t stop_flag;

/* The first signal asks the loop to finish its batch; the second one does not wait for it. */
static void on_signal(int number)
{
    (void)number;
    if (stop_flag)
        _exit(EXIT_TROUBLE);
    stop_flag = 1;
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: waits shall end */
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

/* A batch takes some MB and gives them back. Without this glibc gives them on to the kernel, which
 * clears the same pages again for the next batch. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

static bool is_ready(void *arg, char why[ADMIN_WHY_MAX])
{
    (void)arg;
    const struct counters *c = worker_counters();
    bool redis_up = counters_get(c, WORKER_REDIS_UP) == 1;
    bool database_up = counters_get(c, WORKER_DB_UP) == 1;
    if (!redis_up || !database_up)
        snprintf(why, ADMIN_WHY_MAX, "%s",
                 database_up ? "Redis does not answer" : "the database takes no transactions");
    return redis_up && database_up;
}

static void render_metrics(void *arg, struct buf *out)
{
    (void)arg;
    worker_counters_render(out);
}

static const char *from_environment(const char *name)
{
    return getenv(name);
}

/* A worker without its page still works; one without its endpoint would not be watched. */
static bool start_admin(const struct worker_conf *conf, struct admin_hooks *hooks,
                        struct page **ret_page, struct admin_thread **ret_admin)
{
    if (!conf->has_admin)
        return true;
    if (page_new(conf, &clock_system, ret_page) == STATUS_OK)
        hooks->page = page_hooks(*ret_page);
    else
        log_warn("event=page_failed why=no_memory_or_random_bytes action=serving_no_page");
    if (admin_thread_start(&conf->admin, hooks, ret_admin) == STATUS_OK)
        return true;
    log_error("event=cannot_listen setting=WORKER_ADMIN_LISTEN address=%s port=%d why=%s "
              "action=exit",
              conf->admin.host, conf->admin.port, strerror(errno));
    page_free(*ret_page);
    return false;
}

static int run(const struct worker_conf *conf)
{
    struct admin_hooks hooks = { .ready = is_ready, .metrics = render_metrics };
    struct admin_thread *admin = NULL;
    struct page *page = NULL;
    catch_signals();
    (void)setrlimit(RLIMIT_CORE,
                    &(struct rlimit){ 0, 0 }); /* a core file would hold events and passwords */
    store_start();
    if (!start_admin(conf, &hooks, &page, &admin))
        return EXIT_TROUBLE;
    struct notify notify = notify_make(from_environment);
    keep_memory();
    enum status st = worker_run(conf, &clock_system, &stop_flag, &notify);
    if (st == STATUS_NO_MEMORY)
        log_error("event=out_of_memory action=stopping_events_stay_in_redis");
    admin_thread_stop(admin);
    page_free(page);
    log_info("event=stopped status=%s", status_name(st));
    return st == STATUS_OK ? EXIT_SUCCESS : EXIT_TROUBLE;
}

static int healthcheck(const struct worker_conf *conf)
{
    int code = conf->has_admin ? address_http_status(&conf->admin, "/readyz", HEALTH_TIMEOUT_MS)
                               : 0;
    if (code != 200)
        fprintf(stderr, "clerk-worker: not ready (%d)\n", code);
    return code == 200 ? EXIT_SUCCESS : EXIT_TROUBLE;
}

static int check(const struct worker_conf *conf)
{
    worker_conf_print(conf, stdout);
    return EXIT_SUCCESS;
}

/* What needs the settings. */
static const struct {
    const char *word;
    int (*act)(const struct worker_conf *conf);
    const char *help;
} commands[] = {
    { "run", run, "apply events until SIGTERM (the default)" },
    { "--check", check, "print the effective settings, secrets masked" },
    { "--healthcheck", healthcheck, "exit 0 when the running worker is ready, else 1" },
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

/* What an operator asks for; each reads words of its own. */
static const struct {
    const char *word;
    int (*act)(const struct worker_conf *conf, int argc, char **argv);
    const char *help;
    const char *manual;
} tools[] = {
    { "status", status_command, "the whole at a glance, and what is wrong with it", status_help },
    { "peek", peek_command, "the oldest events that wait", peek_help },
    { "dead", dead_command, "list, show, retry, drop, export what could not be applied",
      dead_help },
    { "migrate", migrate_command, "bring the database's schema up to date; move to PostgreSQL",
      migrate_help },
    { "import", import_command, "apply answers of Clerk's Backend API; find drift", import_help },
};

enum { TOOL_COUNT = sizeof(tools) / sizeof(*tools) };

static int print_help(void)
{
    puts("Usage: clerk-worker [COMMAND]\n\nTakes Clerk's events from the Redis stream and applies "
         "them to the database.\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-15s %s\n", commands[i].word, commands[i].help);
    for (size_t i = 0; i < TOOL_COUNT; i++)
        printf("  %-15s %s (--help)\n", tools[i].word, tools[i].help);
    puts("  --version       versions of this program and its libraries\n  --help          "
         "this\n\nSettings (environment; each "
         "also as NAME_FILE):");
    worker_conf_print_help(stdout);
    puts("\nExample: DATABASE_URL=sqlite:/var/lib/app/clerk.db clerk-worker");
    return EXIT_SUCCESS;
}

static int print_version(void)
{
    char databases[STORE_LIBRARIES_MAX];
    store_libraries(databases);
    printf("clerk-worker %s (%s, %s, %s)\n", CLERK_VERSION, databases, redis_library(),
           json_node_library());
    return EXIT_SUCCESS;
}

/* Reads the settings; *ret_code is what to leave with when they are wrong. */
static bool load_settings(struct worker_conf *ret_conf, int *ret_code)
{
    char why[CONF_ERROR_MAX];
    if (worker_conf_load(from_environment, ret_conf, why) != STATUS_OK) {
        fprintf(stderr, "clerk-worker: %s\n", why);
        *ret_code = EXIT_USAGE;
        return false;
    }
    log_setup("worker", (enum log_level)ret_conf->log_level, (enum log_format)ret_conf->log_format);
    return true;
}

static int with_settings(int (*act)(const struct worker_conf *conf))
{
    struct worker_conf conf;
    int code;
    if (!load_settings(&conf, &code))
        return code;
    code = act(&conf);
    worker_conf_release(&conf);
    return code;
}

static int run_tool(size_t which, int argc, char **argv)
{
    struct worker_conf conf;
    int code;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0)
            return fputs(tools[which].manual, stdout) < 0;
    if (!load_settings(&conf, &code))
        return code;
    code = tools[which].act(&conf, argc, argv);
    worker_conf_release(&conf);
    return code;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "run";
    if (strcmp(word, "--help") == 0)
        return print_help();
    if (strcmp(word, "--version") == 0)
        return print_version();
    for (size_t i = 0; i < TOOL_COUNT; i++)
        if (strcmp(word, tools[i].word) == 0)
            return run_tool(i, argc - 1, argv + 1);
    for (size_t i = 0; argc <= 2 && i < COMMAND_COUNT; i++)
        if (strcmp(word, commands[i].word) == 0)
            return with_settings(commands[i].act);
    fprintf(stderr, "clerk-worker: unknown command \"%s\"; --help lists them\n",
            argc > 2 ? argv[2] : word);
    return EXIT_USAGE;
}
