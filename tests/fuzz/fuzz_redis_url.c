#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/redis_url.h"

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

static bool is_place(const struct redis_place *at)
{
    return ends(at->host, sizeof(at->host)) && at->host[0] != '\0' && at->port >= 1 &&
           at->port <= 65535;
}

/* What is accepted is in range and terminated; what is refused has a reason and leaves no trace. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct redis_url url;
    char error[REDIS_URL_ERROR_MAX];
    enum status st;

    memset(&url, 0x55, sizeof(url));
    memset(error, 0x55, sizeof(error));
    st = redis_url_parse((struct slice){ (const char *)bytes, size }, &url, error);
    if (st != STATUS_OK) {
        check(st == STATUS_INVALID && ends(error, sizeof(error)) && url.at.port == 0x55555555);
        return 0;
    }
    check(ends(url.path, sizeof(url.path)) && ends(url.master, sizeof(url.master)));
    check(ends(url.user, sizeof(url.user)) && ends(url.password, sizeof(url.password)));
    check(ends(url.sentinel_user, sizeof(url.sentinel_user)));
    check(ends(url.sentinel_password, sizeof(url.sentinel_password)));
    check(url.db >= 0 && url.db <= 65535);
    check(url.sentinel_count <= REDIS_URL_SENTINELS_MAX);
    check((url.sentinel_count > 0) == (url.master[0] != '\0'));
    for (size_t i = 0; i < url.sentinel_count; i++)
        check(is_place(&url.sentinels[i]));
    if (url.unix_socket)
        check(url.path[0] == '/');
    else if (url.sentinel_count == 0)
        check(is_place(&url.at));
    redis_url_wipe(&url);
    return 0;
}
