/* clerk-ingest: the command line. Everything else is in ingest_core, which the tests link, too. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/address.h"
#include "common/log.h"
#include "ingest/ingest_conf.h"
#include "ingest/queue_writer_link.h"
#include "ingest/send.h"
#include "ingest/server.h"
#include "ingest/signature.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_WRONG_USE = 2 };
enum { HEALTH_TIMEOUT_MS = 2000, SPARE_DESCRIPTORS = 64 };

static const char usage[] =
    "Receives Clerk's webhooks, verifies them, and stores them in a Redis stream.\n"
    "\n"
    "  clerk-ingest                 serve\n"
    "  clerk-ingest send TYPE|FILE  sign events and post them; see clerk-ingest send --help\n"
    "  clerk-ingest --check         print the effective settings and exit\n"
    "  clerk-ingest --healthcheck   exit 0 when the server on this machine is ready, else 1\n"
    "  clerk-ingest --version       print the versions of this program and its libraries\n"
    "  clerk-ingest --help          print this\n"
    "\n"
    "SIGTERM stops after what is under way, a second one at once; SIGHUP reads the secrets again.\n"
    "Exit codes: 0 done, 1 could not run or was stopped at once, 2 wrong use or wrong settings.\n"
    "\n"
    "Settings (environment; each also as NAME_FILE, the path of a file that holds the value):\n";

static const char *lookup(const char *name)
{
    return getenv(name);
}

static int complain(const char *what)
{
    fprintf(stderr, "clerk-ingest: %s\n", what);
    return EXIT_WRONG_USE;
}

/* A core file would hold the secrets. */
static void forbid_core_files(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
}

/* Each connection is a descriptor: take all that the system allows. */
static void raise_descriptor_limit(int64_t max_connections)
{
    struct rlimit limit;
    uint64_t wanted = (uint64_t)max_connections + SPARE_DESCRIPTORS;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted)
        log_warn("event=few_descriptors limit=%llu wanted=%llu "
                 "action=accepting_pauses_where_they_end",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
}

static int serve(struct ingest_conf *conf)
{
    log_setup("ingest", (enum log_level)conf->log_level, (enum log_format)conf->log_format);
    raise_descriptor_limit(conf->max_connections);
    enum status st = server_run(conf, lookup);
    if (st == STATUS_NO_MEMORY)
        log_error("event=out_of_memory action=exit");
    return st == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int check(struct ingest_conf *conf)
{
    ingest_conf_print(conf, stdout);
    return EXIT_DONE;
}

static int with_settings(int (*run)(struct ingest_conf *conf))
{
    char error[CONF_ERROR_MAX] = "";
    struct ingest_conf conf;
    int code;

    if (ingest_conf_load(lookup, &conf, error) != STATUS_OK)
        return complain(error);
    code = run(&conf);
    ingest_conf_release(&conf);
    return code;
}

static int run_serve(void)
{
    return with_settings(serve);
}

static int run_check(void)
{
    return with_settings(check);
}

static int run_health_check(void)
{
    char error[CONF_ERROR_MAX] = "";
    struct address address;
    bool on = false;

    if (ingest_conf_admin(lookup, &on, &address, error) != STATUS_OK)
        return complain(error);
    if (!on)
        return complain("INGEST_ADMIN_LISTEN is empty, so there is nobody to ask");
    return address_http_status(&address, "/readyz", HEALTH_TIMEOUT_MS) == 200 ? EXIT_DONE
                                                                              : EXIT_FAILED;
}

static int run_version(void)
{
    printf("clerk-ingest %s\nlibevent %s\n%s\n%s\n", CLERK_VERSION, server_library(),
           queue_link_library(), signature_library());
    return EXIT_DONE;
}

static int run_help(void)
{
    fputs(usage, stdout);
    ingest_conf_print_help(stdout);
    return EXIT_DONE;
}

static const struct {
    const char *option;
    int (*run)(void);
} options[] = {
    { "--help", run_help },   { "-h", run_help },
    { "--check", run_check }, { "--healthcheck", run_health_check },
    { "-V", run_version },    { "--version", run_version },
};

static int run_option(const char *option)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (strcmp(option, options[i].option) == 0)
            return options[i].run();
    fprintf(stderr, "clerk-ingest: unknown argument \"%s\"; see clerk-ingest --help\n", option);
    return EXIT_WRONG_USE;
}

int main(int argc, char **argv)
{
    forbid_core_files();
    if (argc < 2)
        return run_serve();
    if (strcmp(argv[1], "send") == 0)
        return send_command(argc - 1, argv + 1);
    if (argc > 2)
        return complain("too many arguments; see clerk-ingest --help");
    return run_option(argv[1]);
}
