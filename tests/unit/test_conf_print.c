#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/conf_fixture.h"

/* What print() writes, yours to free(). */
static char *printed(const struct settings *s)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (s != NULL)
        conf_print(keys, KEY_COUNT, s, out);
    else
        conf_print_help(keys, KEY_COUNT, out);
    (void)fclose(out);
    return text;
}

static void conf_print_shows_all_settings_but_no_secret(void **state)
{
    struct settings s;
    char *text;

    (void)state;
    set("SECRET=hunter2", "URL=redis://app:hunter2@h:1/0", "NAME=a\nSECRET=x");
    s = load_ok();
    text = printed(&s);
    assert_string_equal(text, "NAME=a?SECRET=x\nSECRET=***\nURL=redis://app:***@h:1/0\n"
                              "LISTEN=0.0.0.0:1\nTOLERANCE_S=300\nBODY_LIMIT=1048576\nMODE=hard\n");
    conf_release(keys, KEY_COUNT, &s);
    free(text);
}

static void conf_print_masks_the_password_of_a_url(void **state)
{
    static const struct {
        const char *url, *shown;
    } rows[] = {
        { "redis://user:pw@host", "redis://user:***@host" },
        { "redis://:pw@host/0", "redis://:***@host/0" },
        { "redis://user@host", "redis://user@host" },
        { "redis://host:6379", "redis://host:6379" },
        { "postgres://u:p@h/db", "postgres://u:***@h/db" },
        { "postgres://u:a/b?c#d@e@h/db", "postgres://u:***@h/db" },
        { "postgres://h/db?user=u&password=pw&sslmode=require",
          "postgres://h/db?user=u&password=***&sslmode=require" },
        { "postgres://h/db?PASSWORD=pw", "postgres://h/db?PASSWORD=***" },
        { "postgres://h/db?sslpassword=pw", "postgres://h/db?sslpassword=***" },
        { "postgres://u:p@h/db?password=q", "postgres://u:***@h/db?password=***" },
        { "host=h password=pw user=u", "host=h password=*** user=u" },
        { "host=h password='p w' user=u", "host=h password=***" },
        { "password=", "password=***" },
        { "sqlite:clerk.db", "sqlite:clerk.db" },
        { "unix://u:pw@/run/redis.sock", "unix://u:***@/run/redis.sock" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char variable[128];
        char line[128];
        struct settings s;
        char *text;
        (void)snprintf(variable, sizeof(variable), "URL=%s", rows[i].url);
        (void)snprintf(line, sizeof(line), "\nURL=%s\n", rows[i].shown);
        set("SECRET=s", variable, NULL);
        s = load_ok();
        text = printed(&s);
        assert_non_null(strstr(text, line));
        conf_release(keys, KEY_COUNT, &s);
        free(text);
    }
}

static void conf_print_help_tells_default_bounds_and_meaning(void **state)
{
    static const char *const lines[] = {
        "  NAME (default: nobody)\n      who it is\n",
        "  SECRET (required; also OLD_SECRET)\n      the signing secret\n",
        "  TOLERANCE_S (default: 300; 0 to 86400)\n      both ways\n",
        "  BODY_LIMIT (default: 1MiB; 1024 to 16777216 bytes)\n",
        "  MODE (default: hard; hard, soft)\n",
    };
    char *text = printed(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_non_null(strstr(text, lines[i]));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conf_print_shows_all_settings_but_no_secret),
        cmocka_unit_test(conf_print_masks_the_password_of_a_url),
        cmocka_unit_test(conf_print_help_tells_default_bounds_and_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
