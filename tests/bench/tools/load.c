/* bench-load post|fill NAME=VALUE…: see load.h for the names. */
#include "load.h"

#include <stdlib.h>
#include <string.h>

#include "common/slice.h"

enum option_kind { TEXT, NUMBER, YES };

struct options {
    struct load load;
    const char *templates;
    uint64_t port;
    uint64_t spread;
    const char *log_path;
};

static const struct option {
    const char *name;
    enum option_kind kind;
    size_t offset;
} table[] = {
    { "host", TEXT, offsetof(struct options, load.host) },
    { "port", NUMBER, offsetof(struct options, port) },
    { "key", TEXT, offsetof(struct options, load.key) },
    { "secret", TEXT, offsetof(struct options, load.secret) },
    { "templates", TEXT, offsetof(struct options, templates) },
    { "spread", NUMBER, offsetof(struct options, spread) },
    { "first", NUMBER, offsetof(struct options, load.first) },
    { "count", NUMBER, offsetof(struct options, load.count) },
    { "connections", NUMBER, offsetof(struct options, load.connections) },
    { "links", NUMBER, offsetof(struct options, load.links) },
    { "rate", NUMBER, offsetof(struct options, load.rate) },
    { "bad", NUMBER, offsetof(struct options, load.bad) },
    { "fresh", YES, offsetof(struct options, load.fresh) },
    { "retry", YES, offsetof(struct options, load.retry) },
    { "log", TEXT, offsetof(struct options, log_path) },
};

static bool set(struct options *options, const struct option *option, const char *value)
{
    void *place = (char *)options + option->offset;

    if (option->kind == NUMBER) {
        int64_t number;
        if (!slice_to_i64(slice_of(value), 0, INT64_MAX, &number))
            return false;
        *(uint64_t *)place = (uint64_t)number;
    } else if (option->kind == YES) {
        *(bool *)place = strcmp(value, "yes") == 0;
    } else {
        *(const char **)place = value;
    }
    return true;
}

static bool read_option(struct options *options, const char *text)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t len = strlen(table[i].name);
        if (strncmp(text, table[i].name, len) == 0 && text[len] == '=')
            return set(options, &table[i], text + len + 1);
    }
    return false;
}

static bool prepare(struct options *options)
{
    struct load *load = &options->load;

    load->port = (uint16_t)options->port;
    if (!options->templates ||
        event_mix_new(options->templates, options->spread, &load->mix) != STATUS_OK)
        return false;
    if (options->log_path)
        load->log = fopen(options->log_path, "w");
    return load->connections > 0 && (!options->log_path || load->log);
}

int main(int argc, char **argv)
{
    struct options options = {
        .load = { .host = "127.0.0.1", .key = "clerk:events", .connections = 64, .links = 1 }
    };
    bool good = argc > 2;

    for (int i = 2; good && i < argc; i++)
        good = read_option(&options, argv[i]);
    if (!good || !prepare(&options)) {
        fprintf(stderr,
                "usage: bench-load post|fill templates=FILE port=PORT count=N [NAME=VALUE]...\n");
        return 2;
    }
    good = strcmp(argv[1], "post") == 0 ? load_post(&options.load) : load_fill(&options.load);
    if (options.load.log)
        fclose(options.load.log);
    event_mix_free(options.load.mix);
    return good ? 0 : 1;
}
