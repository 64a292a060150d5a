#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/slice.h"
#include "worker/store_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

/* What is refused has a reason of one line. */
static void check_why(enum status st, const char why[STORE_ERROR_MAX])
{
    if (st == STATUS_OK)
        return;
    check(st == STATUS_INVALID && ends(why, STORE_ERROR_MAX) && why[0] != '\0');
    check(strchr(why, '\n') == NULL);
}

/* The path is the end of the URL, byte for byte. */
static void read_path(const char *url)
{
    char path[STORE_PATH_MAX + 1];
    char why[STORE_ERROR_MAX];
    enum status st = store_url_path(url, path, why);

    check_why(st, why);
    if (st != STATUS_OK)
        return;
    check(ends(path, sizeof(path)) && path[0] != '\0' && strlen(path) < strlen(url));
    check(strcmp(url + strlen(url) - strlen(path), path) == 0);
    check(strcmp(path, ":memory:") != 0 && strchr(path, '?') == NULL);
}

static void check_options(struct slice options)
{
    struct slice option;

    (void)slice_drop_prefix(&options, SLICE("?"));
    while (slice_split(&options, '&', &option))
        check(!slice_starts_with(option, SLICE("schema=")) &&
              !slice_starts_with(option, SLICE("prepare=")));
}

/* What libpq gets is no longer than the URL, begins as it does, and has none of our own options. */
static void read_address(const char *url)
{
    struct store_address address;
    char why[STORE_ERROR_MAX];
    enum status st = store_url_address(url, &address, why);

    check_why(st, why);
    if (st != STATUS_OK)
        return;
    check(ends(address.url, sizeof(address.url)) && ends(address.schema, sizeof(address.schema)));
    check(strlen(address.url) <= strlen(url) && store_url_is_postgres(address.url));
    check(strncmp(address.url, url, strcspn(url, "?")) == 0);
    check_options(slice_of(address.url + strcspn(address.url, "?")));
    check(address.prepare <= STORE_PREPARE_OFF);
    check(strspn(address.schema, "0123456789") == 0);
    check(strpbrk(address.schema, "\"'; \\") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *url = malloc(size + 1);

    if (!url)
        return 0;
    memcpy(url, bytes, size);
    url[size] = '\0';
    if (store_url_is_postgres(url))
        read_address(url);
    else
        read_path(url);
    free(url);
    return 0;
}
