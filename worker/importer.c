#include "worker/importer.h"

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "worker/apply.h"
#include "worker/arena.h"
#include "worker/catalog.h"
#include "worker/event_id.h"
#include "worker/listing.h"
#include "worker/store_read.h"

enum {
    PORTION_BYTES_MAX = 4 << 20,
    LINES_MAX_BYTES = 1 << 20,
    ARENA_FIRST_BYTES = 64 * 1024,
    DIFFERENCES_MAX = 24,
    TRIES_MAX = 5,
    PAUSE_MS = 500,
};

/* A word for each object of the Backend API; beside it the name of the table is understood too. */
static const struct {
    const char *word;
    const char *prefix;
} words[] = {
    { "users", "user" },
    { "organizations", "organization" },
    { "memberships", "organizationMembership" },
    { "organization-invitations", "organizationInvitation" },
    { "domains", "organizationDomain" },
    { "sessions", "session" },
    { "roles", "role" },
    { "permissions", "permission" },
    { "invitations", "invitation" },
    { "waitlist", "waitlistEntry" },
    { "subscriptions", "subscription" },
    { "payment-attempts", "paymentAttempt" },
};

const char *importer_word(size_t i)
{
    return i < sizeof(words) / sizeof(*words) ? words[i].word : NULL;
}

const struct catalog_object *importer_find(const char *word)
{
    const char *prefix = word;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(words[i].word, word) == 0)
            prefix = words[i].prefix;
    for (size_t i = 0; i < catalog_object_count; i++) {
        const struct catalog_object *object = &catalog_objects[i];
        if (object->prefix &&
            (strcmp(object->prefix, prefix) == 0 || strcmp(object->table->name, word) == 0))
            return object;
    }
    return NULL;
}

/* --- what differs --- */

struct difference {
    const struct catalog_table *table;
    const char *column;
};

struct differences {
    struct difference of[DIFFERENCES_MAX]; /* each once; more are not told */
    size_t count;
};

static void note(void *arg, const struct catalog_table *table, const char *column)
{
    struct differences *d = arg;
    for (size_t i = 0; i < d->count; i++)
        if (d->of[i].table == table && strcmp(d->of[i].column, column) == 0)
            return;
    if (d->count < DIFFERENCES_MAX)
        d->of[d->count++] = (struct difference){ table, column };
}

static enum status compare(struct importer *imp, const struct event *ev, struct differences *d)
{
    enum status st = store_compare_row(imp->store, &ev->row, note, d);
    for (size_t i = 0; st == STATUS_OK && i < ev->object->child_count; i++)
        st = store_compare_children(imp->store, ev->object->children[i].table, ev->clerk_id,
                                    &ev->children[i], note, d);
    return st;
}

/* --- one object inside a transaction --- */

static void tell(struct importer *imp, const char *what, const struct event *ev,
                 const struct differences *d)
{
    if (!imp->dry_run)
        return;
    buf_printf(&imp->lines, "%s %.*s", what, SLICE_ARG(ev->clerk_id));
    for (size_t i = 0; i < d->count; i++) {
        bool is_child = d->of[i].table != ev->row.table;
        buf_printf(&imp->lines, "%s%s%s%s", i ? ", " : ": ", is_child ? d->of[i].table->name : "",
                   is_child ? "." : "", d->of[i].column);
    }
    buf_append_char(&imp->lines, '\n');
}

static void tell_refusal(struct importer *imp, struct slice id, const char *why)
{
    fputs("refused ", imp->complaints);
    listing_print_safely(imp->complaints, id.len > 0 ? id : SLICE("an object without id"));
    fprintf(imp->complaints, ": %s\n", why);
}

/* STATUS_STALE: the guards say no; STATUS_BAD_DATA: the database does, and all is undone. In a dry
 * run it is undone in any case, so that each object meets the database as it is. */
static enum status write_object(struct importer *imp, const struct event *ev)
{
    enum status st = store_savepoint(imp->store);
    if (st == STATUS_OK)
        st = apply_object(imp->store, ev);
    if (st == STATUS_BAD_DATA)
        tell_refusal(imp, ev->clerk_id, store_why(imp->store));
    else if (st != STATUS_OK && st != STATUS_STALE)
        return st;
    enum status undone = STATUS_OK;
    if (st == STATUS_BAD_DATA || imp->dry_run)
        undone = store_rollback_to(imp->store);
    if (undone == STATUS_OK)
        undone = store_release(imp->store);
    return undone == STATUS_OK ? st : undone;
}

static enum status apply_one(struct importer *imp, const struct event *ev,
                             struct import_counts *counts)
{
    struct differences d = { .count = 0 };
    enum status st = compare(imp, ev, &d);
    bool is_new = st == STATUS_NOT_FOUND;
    if (st != STATUS_OK && !is_new)
        return st;
    if (!is_new && d.count == 0) {
        counts->unchanged++;
        return STATUS_OK;
    }
    st = write_object(imp, ev);
    if (st == STATUS_OK) {
        *(is_new ? &counts->inserted : &counts->updated) += 1;
        tell(imp, is_new ? "insert" : "update", ev, &d);
    } else if (st == STATUS_STALE) {
        counts->stale++;
        tell(imp, is_new ? "deleted" : "stale", ev, &d);
    } else if (st == STATUS_BAD_DATA) {
        counts->refused++;
    } else {
        return st;
    }
    return STATUS_OK;
}

/* --- a portion --- */

static enum status try_portion(struct importer *imp)
{
    struct import_counts counts = imp->counts;
    buf_clear(&imp->lines);
    enum status st = store_begin(imp->store);
    for (size_t i = 0; st == STATUS_OK && i < imp->count; i++)
        st = apply_one(imp, &imp->events[i], &counts);
    if (st == STATUS_OK && !imp->dry_run)
        st = store_commit(imp->store);
    if (st != STATUS_OK || imp->dry_run)
        store_rollback(imp->store);
    if (st == STATUS_OK)
        imp->counts = counts;
    return st;
}

static void forget_portion(struct importer *imp)
{
    for (size_t i = 0; i < imp->count; i++)
        event_release(&imp->events[i]);
    arena_free(imp->arena);
    imp->arena = NULL;
    imp->count = 0;
    imp->bytes = 0;
}

enum status importer_flush(struct importer *imp)
{
    enum status st = imp->count > 0 ? STATUS_UNAVAILABLE : STATUS_OK;
    for (int i = 0; st == STATUS_UNAVAILABLE && i < TRIES_MAX; i++) {
        if (i > 0)
            clock_sleep_ms(PAUSE_MS); /* another program holds the database */
        st = try_portion(imp);
    }
    if (st == STATUS_OK && imp->dry_run)
        fputs(buf_text(&imp->lines), imp->out);
    forget_portion(imp);
    return st;
}

void importer_release(struct importer *imp)
{
    forget_portion(imp);
    buf_release(&imp->lines);
}

/* --- taking objects in --- */

/* The object in an envelope, as if it had come in an event; without a timestamp, so that the
 * decoder takes updated_at for the time of the event. */
static struct slice wrap(struct importer *imp, struct slice object)
{
    char head[IMPORT_TYPE_MAX];
    int written = snprintf(head, sizeof(head),
                           "{\"type\":\"%s.updated\",\"data\":", imp->object->prefix);
    size_t head_len = (size_t)written;
    char *text = arena_take(imp->arena, head_len + object.len + 1);
    if (!text)
        return (struct slice){ NULL, 0 };
    memcpy(text, head, head_len);
    memcpy(text + head_len, object.ptr, object.len);
    text[head_len + object.len] = '}';
    return (struct slice){ text, head_len + object.len + 1 };
}

enum status importer_add(struct importer *imp, struct slice object)
{
    if (!imp->arena) {
        imp->arena = arena_new(ARENA_FIRST_BYTES);
        imp->lines.max = LINES_MAX_BYTES;
    }
    struct event_source source = { .svix_id = SLICE("import") };
    if (imp->arena)
        source.body = wrap(imp, object);
    struct event *ev = &imp->events[imp->count];
    if (!source.body.ptr || event_decode(&source, SLICE(""), ev) != STATUS_OK)
        return STATUS_NO_MEMORY;
    if (ev->action != EVENT_UPSERT) {
        tell_refusal(imp, event_id_text(object, SLICE("id")), ev->reason);
        imp->counts.refused++;
        event_release(ev);
        return STATUS_OK;
    }
    imp->count++;
    imp->bytes += object.len;
    bool is_full = imp->count == IMPORT_PORTION || imp->bytes >= PORTION_BYTES_MAX;
    return is_full ? importer_flush(imp) : STATUS_OK;
}
