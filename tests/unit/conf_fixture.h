#ifndef CLERK_TEST_CONF_FIXTURE_H
#define CLERK_TEST_CONF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"

/* A table with one setting of every kind, and an environment that a case sets as it likes. */

struct settings {
    char *name;
    char *secret;
    char *url;
    char *listen;
    int64_t tolerance_s;
    int64_t body_limit;
    int64_t mode;
};

enum { NAME, KEY, URL, LISTEN, TOLERANCE, BODY, MODE, KEY_COUNT };

static const char *const modes[] = { "hard", "soft", NULL };

static const struct conf_key keys[KEY_COUNT] = {
    [NAME] = { "NAME", NULL, CONF_TEXT, 0, "nobody", 0, 0, NULL, offsetof(struct settings, name),
               "who it is" },
    [KEY] = { "SECRET", "OLD_SECRET", CONF_SECRET, 0, NULL, 0, 0, NULL,
              offsetof(struct settings, secret), "the signing secret" },
    [URL] = { "URL", NULL, CONF_URL, 0, "redis://h/0", 0, 0, NULL, offsetof(struct settings, url),
              "where it is" },
    [LISTEN] = { "LISTEN", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "0.0.0.0:1", 0, 0, NULL,
                 offsetof(struct settings, listen), "empty: off" },
    [TOLERANCE] = { "TOLERANCE_S", NULL, CONF_INT, 0, "300", 0, 86400, NULL,
                    offsetof(struct settings, tolerance_s), "both ways" },
    [BODY] = { "BODY_LIMIT", NULL, CONF_BYTES, 0, "1MiB", 1024, 16 << 20, NULL,
               offsetof(struct settings, body_limit), "of a webhook" },
    [MODE] = { "MODE", NULL, CONF_CHOICE, 0, "hard", 0, 0, modes, offsetof(struct settings, mode),
               "of deleting" },
};

/* The environment of one case: NAME=value texts, up to the first NULL. */
static const char *environment[8];

static const char *lookup(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < 8 && environment[i] != NULL; i++)
        if (strncmp(environment[i], name, len) == 0 && environment[i][len] == '=')
            return environment[i] + len + 1;
    return NULL;
}

static void set(const char *a, const char *b, const char *c)
{
    environment[0] = a;
    environment[1] = b;
    environment[2] = c;
    environment[3] = NULL;
}

static struct settings load_ok(void)
{
    struct settings s = { 0 };
    char error[CONF_ERROR_MAX] = "";

    if (conf_load(keys, KEY_COUNT, lookup, &s, error) != STATUS_OK)
        fail_msg("%s", error);
    return s;
}

#endif
