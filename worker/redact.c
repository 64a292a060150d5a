#include "worker/redact.h"

#include <assert.h>
#include <string.h>

#include "common/json_scan.h"
#include "worker/arena.h"

/* What is left of the paths at one place in the text. */
struct paths {
    const char *rest[REDACT_PATHS_MAX];
    size_t count;
};

/* The text is copied from the left, leaving out what is cut; the first cut starts the copy. */
struct redaction {
    struct arena *arena;
    struct slice json;
    char *out; /* NULL: nothing cut so far */
    size_t out_len;
    const char *done; /* up to here the text is in out, or cut */
};

static void copy_up_to(struct redaction *r, const char *end)
{
    size_t len = (size_t)(end - r->done);

    memcpy(r->out + r->out_len, r->done, len);
    r->out_len += len;
    r->done = end;
}

/* Cuts are made from left to right. */
static enum status cut(struct redaction *r, const char *from, const char *to)
{
    if (!r->out)
        r->out = arena_take(r->arena, r->json.len);
    if (!r->out)
        return STATUS_NO_MEMORY;
    copy_up_to(r, from);
    r->done = to;
    return STATUS_OK;
}

/* Splits "name[].rest" into name and "rest"; NULL where nothing follows. */
static struct slice first_key(const char *path, const char **ret_rest)
{
    struct slice text = slice_of(path);
    struct slice key = { path, slice_find(text, '.') };

    *ret_rest = key.len < text.len ? path + key.len + 1 : NULL;
    if (slice_ends_with(key, SLICE("[]")))
        key.len -= 2;
    return key;
}

/* True when a path ends at this key; *ret_inside gets those that lead on below it. */
static bool is_secret(const struct paths *paths, struct slice key, struct paths *ret_inside)
{
    ret_inside->count = 0;
    for (size_t i = 0; i < paths->count; i++) {
        const char *rest;
        struct slice name = first_key(paths->rest[i], &rest);

        if (!json_spells(key, name))
            continue;
        if (!rest)
            return true;
        ret_inside->rest[ret_inside->count++] = rest;
    }
    return false;
}

static enum status redact_value(struct redaction *r, struct slice value, const struct paths *paths);

/* The walk over one object's members. */
struct member_walk {
    const char *cut_from; /* secret members at the very front begin here; NULL: none */
    const char *end;      /* of the member before */
    bool any_kept;
};

/* A member at the front goes with the comma behind it, any other with the comma before it. */
static enum status redact_member(struct redaction *r, struct member_walk *walk, struct slice key,
                                 struct slice value, const struct paths *paths)
{
    const char *begin = key.ptr - 1; /* the quote */
    const char *end_before = walk->end;
    struct paths inside;
    enum status st = STATUS_OK;

    walk->end = value.ptr + value.len;
    if (is_secret(paths, key, &inside)) {
        if (walk->any_kept)
            return cut(r, end_before, walk->end);
        if (!walk->cut_from)
            walk->cut_from = begin;
        return STATUS_OK;
    }
    if (!walk->any_kept && walk->cut_from)
        st = cut(r, walk->cut_from, begin);
    walk->any_kept = true;
    return st == STATUS_OK ? redact_value(r, value, &inside) : st;
}

static enum status redact_object(struct redaction *r, struct json_iter it,
                                 const struct paths *paths)
{
    struct member_walk walk = { NULL, NULL, false };
    struct slice key, value;
    enum status st;

    while ((st = json_iter_next(&it, &key, &value)) == STATUS_OK) {
        st = redact_member(r, &walk, key, value, paths);
        if (st != STATUS_OK)
            return st;
    }
    if (st != STATUS_NOT_FOUND)
        return st;
    return !walk.any_kept && walk.cut_from ? cut(r, walk.cut_from, walk.end) : STATUS_OK;
}

/* Goes no deeper than the brackets do, which json_scan_value() has bounded. */
static enum status redact_value(struct redaction *r, struct slice value, const struct paths *paths)
{
    struct json_iter it;
    struct slice key, element;
    enum status st;

    if (paths->count == 0 || !json_iter_begin(value, &it))
        return STATUS_OK;
    if (it.is_object)
        return redact_object(r, it, paths);
    while ((st = json_iter_next(&it, &key, &element)) == STATUS_OK) {
        st = redact_value(r, element, paths);
        if (st != STATUS_OK)
            return st;
    }
    return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static bool holds(struct slice text, struct slice word)
{
    while (text.len >= word.len) {
        size_t at = slice_find(text, word.ptr[0]);

        if (at + word.len > text.len)
            return false;
        text = (struct slice){ text.ptr + at, text.len - at };
        if (slice_starts_with(text, word))
            return true;
        text = (struct slice){ text.ptr + 1, text.len - 1 };
    }
    return false;
}

/* The key at the end of a path. */
static struct slice last_key(const char *path)
{
    struct slice key = { NULL, 0 };

    while (path)
        key = first_key(path, &path);
    return key;
}

/* False: none of the keys is anywhere in json, not even spelled with escapes; nothing to cut. This
 * spares nearly all events the walk. */
static bool may_hold_secret(struct slice json, const char *const *paths)
{
    if (holds(json, SLICE("\\u")))
        return true;
    for (; *paths; paths++)
        if (holds(json, last_key(*paths)))
            return true;
    return false;
}

enum status redact(struct slice json, const char *const *paths, struct arena *arena,
                   struct slice *ret_json)
{
    struct redaction r = { .arena = arena, .json = json, .done = json.ptr };
    struct paths all = { .count = 0 };
    enum status st;

    if (!may_hold_secret(json, paths)) {
        *ret_json = json;
        return STATUS_OK;
    }
    for (; paths[all.count]; all.count++) {
        assert(all.count < REDACT_PATHS_MAX);
        all.rest[all.count] = paths[all.count];
    }
    st = redact_value(&r, json, &all);
    if (st != STATUS_OK)
        return st;
    if (r.out)
        copy_up_to(&r, json.ptr + json.len);
    *ret_json = r.out ? (struct slice){ r.out, r.out_len } : json;
    return STATUS_OK;
}
