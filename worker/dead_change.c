#include "worker/dead_change.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "worker/arena.h"
#include "worker/queue_browse.h"
#include "worker/redis_link.h"
#include "worker/store_read.h"

enum {
    PORTION_MAX = 100,
    PORTION_BYTES_MAX = 4 << 20,
    ARENA_FIRST_BYTES = 16 * 1024,
    SECOND_MS = 1000,
    ID_MAX = 512,
};

/* Letters that are handled in one transaction; their texts are copies. */
struct portion {
    const struct dead_change *change;
    int64_t now_ms;
    struct arena *arena;
    bool out_of_memory;
    bool is_full; /* there may be more behind it */
    struct store_dead_letter letters[PORTION_MAX];
    size_t count;
    size_t bytes;
    struct store_dead_place last; /* of the letter that was looked at last */
    char last_id[ID_MAX];
};

static bool add(struct portion *p, const struct store_dead_letter *letter)
{
    struct store_dead_letter copy = *letter;
    copy.svix_id = arena_copy(p->arena, letter->svix_id);
    copy.type = arena_copy(p->arena, letter->type);
    copy.body = arena_copy(p->arena, letter->body);
    copy.reason = SLICE("");
    p->out_of_memory = !copy.svix_id.ptr || !copy.type.ptr || !copy.body.ptr;
    if (p->out_of_memory)
        return false;
    p->letters[p->count++] = copy;
    p->bytes += copy.body.len;
    p->is_full = p->count == PORTION_MAX || p->bytes >= PORTION_BYTES_MAX;
    return !p->is_full;
}

static bool consider(void *arg, const struct store_dead_letter *letter)
{
    struct portion *p = arg;
    size_t len = letter->svix_id.len < ID_MAX ? letter->svix_id.len : ID_MAX;
    if (len > 0)
        memcpy(p->last_id, letter->svix_id.ptr, len);
    p->last = (struct store_dead_place){ letter->failed_at, { p->last_id, len } };
    if (!dead_filter_matches(p->change->filter, letter, p->now_ms))
        return true;
    return add(p, letter);
}

/* Fills the portion with what comes behind the last letter of the one before. */
static enum status collect(struct portion *p)
{
    const struct dead_change *change = p->change;
    struct store_dead_place after = p->last;
    char after_id[ID_MAX];
    memcpy(after_id, p->last_id, sizeof(after_id));
    after.svix_id.ptr = after_id;
    p->count = 0;
    p->bytes = 0;
    p->is_full = false;
    p->arena = arena_new(ARENA_FIRST_BYTES);
    if (!p->arena)
        return STATUS_NO_MEMORY;
    enum status st = change->svix_id.len > 0
                         ? store_one_dead_letter(change->store, change->svix_id, consider, p)
                         : store_each_dead_letter(change->store, &after, p->now_ms, consider, p);
    if (st == STATUS_NOT_FOUND)
        st = STATUS_OK;
    return p->out_of_memory ? STATUS_NO_MEMORY : st;
}

/* Something that is done to each letter of a portion inside one transaction. */
typedef enum status letter_fn(struct store *store, struct slice svix_id, int64_t now_ms);

/* A letter that is gone meanwhile is taken out of the portion. */
static enum status change_rows(struct portion *p, letter_fn *fn)
{
    struct store *store = p->change->store;
    size_t kept = 0;
    enum status st = store_begin(store);
    for (size_t i = 0; st == STATUS_OK && i < p->count; i++) {
        st = fn(store, p->letters[i].svix_id, p->change->clock->wall_ms());
        if (st == STATUS_OK)
            p->letters[kept++] = p->letters[i];
        else if (st == STATUS_NOT_FOUND)
            st = STATUS_OK;
    }
    if (st == STATUS_OK)
        st = store_commit(store);
    if (st != STATUS_OK) {
        store_rollback(store);
        return st;
    }
    p->count = kept;
    return STATUS_OK;
}

static enum status put_back(const struct portion *p, int64_t *count)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct store_dead_letter *letter = &p->letters[i];
        struct queue_entry entry = {
            .svix_id = letter->svix_id,
            .type = letter->type,
            .body = letter->body,
            .sent_s = letter->received_at / SECOND_MS,
            .received_ms = letter->received_at,
        };
        enum status st = queue_browse_put(p->change->link, p->change->queue, &entry);
        if (st != STATUS_OK)
            return st;
        ++*count;
    }
    return STATUS_OK;
}

static enum status drop_row(struct store *store, struct slice svix_id, int64_t now_ms)
{
    (void)now_ms;
    return store_drop_dead(store, svix_id);
}

static enum status explain(enum status st, const char *who, const char *why,
                           char ret_why[DEAD_WHY_MAX])
{
    snprintf(ret_why, DEAD_WHY_MAX, "%s: %s", who, st == STATUS_NO_MEMORY ? "out of memory" : why);
    return st;
}

/* One portion: link is NULL where the stream has no part in it. */
static enum status turn(struct portion *p, letter_fn *fn, struct redis_link *link, int64_t *count,
                        char ret_why[DEAD_WHY_MAX])
{
    struct store *store = p->change->store;
    enum status st = collect(p);
    /* Where Redis is away nothing is marked in the first place. */
    if (st == STATUS_OK && link && redis_link_open(link) != STATUS_OK)
        return explain(STATUS_UNAVAILABLE, "Redis", redis_link_why(link), ret_why);
    if (st == STATUS_OK && p->count > 0)
        st = change_rows(p, fn);
    if (st != STATUS_OK)
        return explain(st, "database", store_why(store), ret_why);
    if (!link) {
        *count += (int64_t)p->count;
        return STATUS_OK;
    }
    st = put_back(p, count);
    return st == STATUS_OK ? st : explain(st, "Redis", redis_link_why(link), ret_why);
}

static bool is_late(const struct dead_change *change)
{
    return change->until_ms > 0 && change->clock->mono_ms() >= change->until_ms;
}

static enum status change_all(const struct dead_change *change, letter_fn *fn,
                              struct redis_link *link, int64_t *ret_count,
                              char ret_why[DEAD_WHY_MAX])
{
    struct portion p = { .change = change, .now_ms = change->clock->wall_ms() };
    enum status st;
    bool is_more = false;
    *ret_count = 0;
    do {
        st = turn(&p, fn, link, ret_count, ret_why);
        arena_free(p.arena);
        p.arena = NULL;
        is_more = p.is_full && change->svix_id.len == 0;
    } while (st == STATUS_OK && is_more && !is_late(change));
    if (change->ret_more)
        *change->ret_more = st == STATUS_OK && is_more;
    return st;
}

enum status dead_retry(const struct dead_change *change, int64_t *ret_count,
                       char ret_why[DEAD_WHY_MAX])
{
    return change_all(change, store_reopen, change->link, ret_count, ret_why);
}

enum status dead_drop(const struct dead_change *change, int64_t *ret_count,
                      char ret_why[DEAD_WHY_MAX])
{
    return change_all(change, drop_row, NULL, ret_count, ret_why);
}
