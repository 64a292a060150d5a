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
        check(st == STATUS_INVALID && ends(error, sizeof(error)) && url.port == 0x55555555);
        return 0;
    }
    check(ends(url.host, sizeof(url.host)) && ends(url.path, sizeof(url.path)));
    check(ends(url.user, sizeof(url.user)) && ends(url.password, sizeof(url.password)));
    check(url.db >= 0 && url.db <= 65535 && url.port >= 1 && url.port <= 65535);
    check(url.unix_socket ? url.path[0] == '/' : url.host[0] != '\0');
    redis_url_wipe(&url);
    return 0;
}
