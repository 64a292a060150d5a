#include "worker/event.h"

#include <stdio.h>

#include "common/envelope.h"
#include "common/utf8.h"
#include "worker/arena.h"
#include "worker/catalog.h"
#include "worker/event_row.h"
#include "worker/json_node.h"
#include "worker/redact.h"

enum { FIRST_PRINTABLE = 0x20, ARENA_FIRST_BYTES = 3072, SECOND_MS = 1000 };

/* Live events carry milliseconds, Svix's examples seconds: this many milliseconds were 1973. */
static const int64_t SECONDS_BELOW = 100000000000;
static const int64_t EXACT_MAX = (int64_t)1 << 53;

static int64_t to_ms(int64_t seconds)
{
    return seconds > 0 && seconds <= INT64_MAX / SECOND_MS ? seconds * SECOND_MS : 0;
}

static enum status dead(struct event *ev, const char *reason)
{
    (void)snprintf(ev->reason, sizeof(ev->reason), "%s", reason);
    return STATUS_BAD_DATA;
}

/* Type and instance go into the ledger even for a body that is dead for other reasons. */
static struct slice printable_or_empty(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < FIRST_PRINTABLE)
            return (struct slice){ NULL, 0 };
    return utf8_is_valid(text) ? text : (struct slice){ NULL, 0 };
}

/* For a body that is no JSON: what is wrong with it. */
static enum status refuse_body(struct event *ev)
{
    struct envelope env = { 0 };
    enum status st = envelope_read(ev->body, &env);

    if (st == STATUS_TOO_BIG)
        return dead(ev, "body: brackets are nested too deeply");
    if (st != STATUS_OK)
        return dead(ev, "body: not one JSON object");
    ev->type = printable_or_empty(env.type);
    ev->instance_id = printable_or_empty(env.instance_id);
    if (!utf8_is_valid(ev->body))
        return dead(ev, "body: not UTF-8");
    return dead(ev, "body: not JSON, a number, a literal or a string is malformed");
}

/* The body as a tape; it is the caller's from STATUS_OK on. */
static enum status open_body(struct event *ev, struct json_tape *ret_tape)
{
    struct json_tape tape = { 0 };
    struct slice text = ev->body;
    enum status st;

    (void)slice_drop_prefix(&text, SLICE("\xEF\xBB\xBF")); /* RFC 8259, 8.1: may be ignored */
    st = json_tape_read(text, &tape);
    if (st == STATUS_NO_MEMORY)
        return st;
    if (st == STATUS_OK && json_node_kind(json_node_root(&tape)) == JSON_OBJECT &&
        utf8_is_valid(text)) {
        *ret_tape = tape;
        return STATUS_OK;
    }
    json_tape_release(&tape);
    return refuse_body(ev);
}

/* Text as ingest takes it, see envelope.h: empty when absent, no string, or holding an escape. */
static struct slice plain_text(struct json_node node)
{
    struct slice raw = json_node_raw(node);

    if (!json_node_exists(node) || json_node_kind(node) != JSON_STRING ||
        slice_find(raw, '\\') < raw.len)
        return (struct slice){ NULL, 0 };
    return (struct slice){ raw.ptr + 1, raw.len - 2 };
}

static enum status read_timestamp(struct event *ev, struct json_node timestamp)
{
    int64_t number;

    if (!json_node_exists(timestamp) || json_node_kind(timestamp) != JSON_NUMBER)
        return STATUS_OK;
    if (!slice_to_i64(json_node_raw(timestamp), 0, EXACT_MAX, &number))
        return dead(ev, "timestamp: expected a whole number of milliseconds");
    ev->event_at = number < SECONDS_BELOW ? number * SECOND_MS : number;
    return STATUS_OK;
}

static enum status check_type(struct event *ev)
{
    if (ev->type.len == 0)
        return dead(ev, "type: expected a plain string");
    if (ev->type.len > EVENT_TYPE_MAX)
        return dead(ev, "type: longer than 128 bytes");
    return STATUS_OK;
}

/* What becomes of data, once its secrets are gone: nothing after this sees them. */
static enum status decode_data(struct event *ev, struct json_tape *tape, struct json_node data,
                               int64_t sent_ms)
{
    struct slice type = catalog_canonical_type(ev->type);
    const struct catalog_object *described = catalog_find(type);
    struct slice raw = json_node_raw(data), text = raw;
    struct json_tape without_secrets = { 0 };
    struct event_row_source row = {
        .described = described,
        .object = data,
        .is_delete = catalog_is_delete(type),
        .sent_ms = sent_ms,
    };
    enum status st;

    if (json_node_kind(data) != JSON_OBJECT)
        return dead(ev, "data: expected an object");
    st = redact(raw, described->secrets, ev->memory, &text);
    if (st == STATUS_OK && text.ptr != raw.ptr) {
        tape = &without_secrets;
        st = json_tape_read(text, tape);
        row.object = json_node_root(tape);
    }
    if (st == STATUS_OK) {
        json_node_index(tape, row.object);
        st = event_row_read(ev, &row);
    }
    json_tape_release(&without_secrets);
    if (st != STATUS_OK)
        return st;
    ev->object = described;
    ev->action = row.is_delete ? EVENT_DELETE : EVENT_UPSERT;
    return STATUS_OK;
}

static enum status decode_object(struct event *ev, const struct event_source *source,
                                 struct slice instance_id, struct json_tape *tape)
{
    struct json_node body = json_node_root(tape);
    struct json_node data = json_node_member(body, SLICE("data"));
    enum status st;

    ev->type = plain_text(json_node_member(body, SLICE("type")));
    ev->instance_id = plain_text(json_node_member(body, SLICE("instance_id")));
    if (ev->type.len == 0 && !json_node_exists(data))
        return STATUS_OK; /* Svix's test message; the action is EVENT_IGNORE so far */
    if (instance_id.len > 0 && !slice_equals(instance_id, ev->instance_id))
        return STATUS_OK;
    st = read_timestamp(ev, json_node_member(body, SLICE("timestamp")));
    if (st == STATUS_OK)
        st = check_type(ev);
    if (st == STATUS_OK && !json_node_exists(data))
        st = dead(ev, "data: expected an object, but there is no data");
    return st == STATUS_OK ? decode_data(ev, tape, data, to_ms(source->sent_s)) : st;
}

/* STATUS_BAD_DATA: the event is dead, ev->reason says why. */
static enum status decode(struct event *ev, const struct event_source *source,
                          struct slice instance_id)
{
    struct json_tape tape = { 0 };
    enum status st = open_body(ev, &tape);

    if (st == STATUS_OK)
        st = decode_object(ev, source, instance_id, &tape);
    json_tape_release(&tape);
    return st;
}

static void make_dead(struct event *ev)
{
    ev->action = EVENT_DEAD;
    ev->object = NULL;
    ev->children = NULL;
    ev->row = (struct row){ 0 };
}

enum status event_decode(const struct event_source *source, struct slice instance_id,
                         struct event *ret_event)
{
    struct event ev = {
        .action = EVENT_IGNORE,
        .svix_id = source->svix_id,
        .sent_s = source->sent_s,
        .received_ms = source->received_ms,
        .body = source->body,
        .memory = arena_new(ARENA_FIRST_BYTES),
    };
    enum status st = ev.memory ? decode(&ev, source, instance_id) : STATUS_NO_MEMORY;

    if (st == STATUS_NO_MEMORY) {
        event_release(&ev);
        return st;
    }
    if (st != STATUS_OK)
        make_dead(&ev);
    if (ev.event_at == 0)
        ev.event_at = to_ms(source->sent_s);
    *ret_event = ev;
    return STATUS_OK;
}

void event_release(struct event *ev)
{
    arena_free(ev->memory);
    *ev = (struct event){ .action = EVENT_IGNORE };
}
