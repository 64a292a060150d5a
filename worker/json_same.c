#include "worker/json_same.h"

enum { LAST_SPACE = 0x20 };

/* A walk over the bytes of a JSON text that count. */
struct walk {
    struct slice rest;
    bool in_string;
    bool escaped;
};

/* The next byte that counts, or -1 at the end. */
static int next(struct walk *w)
{
    while (w->rest.len > 0) {
        unsigned char c = (unsigned char)*w->rest.ptr;
        w->rest.ptr++;
        w->rest.len--;
        if (!w->in_string && c <= LAST_SPACE)
            continue;
        if (w->escaped)
            w->escaped = false;
        else if (w->in_string && c == '\\')
            w->escaped = true;
        else if (c == '"')
            w->in_string = !w->in_string;
        return c;
    }
    return -1;
}

bool json_same(struct slice a, struct slice b)
{
    struct walk left = { .rest = a }, right = { .rest = b };
    int c;
    do {
        c = next(&left);
        if (c != next(&right))
            return false;
    } while (c >= 0);
    return true;
}
