#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAPACITY = 64 };

/* Writes the digits of key, without padding, to text; returns their number. */
static size_t encode(const unsigned char *key, size_t len, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t out = 0;

    for (size_t bit = 0; bit < len * 8; bit += 6) {
        unsigned value = (unsigned)key[bit / 8] << 8;
        if (bit / 8 + 1 < len)
            value |= key[bit / 8 + 1];
        text[out++] = digits[(value >> (10 - bit % 8)) & 63];
    }
    return out;
}

/* What is accepted must be exactly the base64 of what came out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *key = malloc(CAPACITY);
    char text[CAPACITY * 2];
    struct slice rest = { (const char *)data, size };
    const char *why = NULL;
    size_t len = 0;

    if (!key)
        return 0;
    if (secret_decode(rest, key, CAPACITY, &len, &why) == STATUS_OK) {
        size_t count = encode(key, len, text);
        (void)slice_drop_prefix(&rest, SLICE("whsec_"));
        if (len == 0 || rest.len < count || memcmp(rest.ptr, text, count) != 0)
            abort();
    } else if (!why) {
        abort();
    }
    free(key);
    return 0;
}
