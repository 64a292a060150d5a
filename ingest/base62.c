#include "ingest/base62.h"

static const char ALPHABET[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* SplitMix64 (Steele, Lea, Flood 2014): short, and every bit of the seed reaches every output. */
static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void base62_fill(uint64_t seed, char *ret_text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ret_text[i] = ALPHABET[next_random(&seed) % (sizeof(ALPHABET) - 1)];
}
