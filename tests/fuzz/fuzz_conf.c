#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/slice.h"

/* One value, read as every kind of setting there is, and printed again. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct settings {
    char *text;
    char *secret;
    char *url;
    int64_t number;
    int64_t size_bytes;
    int64_t choice;
};

static const char *const choices[] = { "debug", "info", "warn", NULL };

static const struct conf_key keys[] = {
    { "TEXT", NULL, CONF_TEXT, CONF_MAY_BE_EMPTY, "x", 0, 0, NULL, offsetof(struct settings, text),
      "" },
    { "SECRET", NULL, CONF_SECRET, 0, "x", 0, 0, NULL, offsetof(struct settings, secret), "" },
    { "URL", NULL, CONF_URL, 0, "x", 0, 0, NULL, offsetof(struct settings, url), "" },
    { "NUMBER", NULL, CONF_INT, 0, "1", -5, 5000, NULL, offsetof(struct settings, number), "" },
    { "SIZE", NULL, CONF_BYTES, 0, "1KiB", 1, 1 << 20, NULL, offsetof(struct settings, size_bytes),
      "" },
    { "CHOICE", NULL, CONF_CHOICE, 0, "info", 0, 0, choices, offsetof(struct settings, choice),
      "" },
};

enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static const char *value; /* of every variable but the _FILE ones */

static const char *lookup(const char *name)
{
    return slice_ends_with(slice_of(name), SLICE("_FILE")) ? NULL : value;
}

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_one(const struct conf_key *key, FILE *out)
{
    struct settings s = { 0 };
    char error[CONF_ERROR_MAX] = "";
    enum status st = conf_load(key, 1, lookup, &s, error);

    if (st == STATUS_OK) {
        check(s.number >= -5 && s.number <= 5000);
        check(s.size_bytes >= 0 && s.size_bytes <= 1 << 20);
        check(s.choice >= 0 && s.choice < 3);
        conf_print(key, 1, &s, out);
    } else {
        check(st == STATUS_INVALID && strncmp(error, key->name, strlen(key->name)) == 0);
        check(strchr(error, '\n') == NULL);
    }
    conf_release(key, 1, &s);
}

static size_t count_lines(struct slice text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = slice_dup((struct slice){ (const char *)bytes, size });
    char *printed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&printed, &len);

    check(text != NULL && out != NULL);
    value = text;
    for (size_t i = 0; i < KEY_COUNT; i++)
        check_one(&keys[i], out);
    value = NULL;
    (void)fclose(out);
    check(count_lines((struct slice){ printed, len }) <= KEY_COUNT); /* one line a setting */
    free(printed);
    free(text);
    return 0;
}
