#include "ingest/send_chain.h"

#include <stdio.h>

#include "common/envelope.h"
#include "common/json_scan.h"

#define OPENING SLICE("${")
#define CLOSING SLICE(".id}")

static bool is_word(struct slice text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return text.len > 0 && text.len <= max;
}

struct slice send_object_id(struct slice body)
{
    struct envelope envelope;
    struct json_iter it;
    struct slice key, value;
    if (envelope_read(body, &envelope) != STATUS_OK || !json_iter_begin(envelope.data, &it) ||
        !it.is_object)
        return SLICE("");
    while (json_iter_next(&it, &key, &value) == STATUS_OK)
        if (json_spells(key, SLICE("id")) && value.len > 2 && value.ptr[0] == '"')
            return (struct slice){ value.ptr + 1, value.len - 2 };
    return SLICE("");
}

static const struct send_chain_link *find(const struct send_chain *chain, struct slice prefix)
{
    for (size_t i = 0; i < chain->count; i++)
        if (slice_equals(slice_of(chain->links[i].prefix), prefix))
            return &chain->links[i];
    return NULL;
}

void send_chain_note(struct send_chain *chain, struct slice body)
{
    struct envelope envelope;
    struct slice id = send_object_id(body);
    if (!is_word(id, SEND_CHAIN_ID_MAX) || envelope_read(body, &envelope) != STATUS_OK)
        return;
    struct slice prefix = { envelope.type.ptr, slice_find(envelope.type, '.') };
    if (!is_word(prefix, SEND_CHAIN_PREFIX_MAX))
        return;
    const struct send_chain_link *known = find(chain, prefix);
    size_t i = known ? (size_t)(known - chain->links) : chain->count;
    if (i == SEND_CHAIN_MAX)
        return;
    chain->count += !known;
    snprintf(chain->links[i].prefix, sizeof(chain->links[i].prefix), "%.*s", SLICE_ARG(prefix));
    snprintf(chain->links[i].id, sizeof(chain->links[i].id), "%.*s", SLICE_ARG(id));
}

/* The prefix of a reference at the front of text; empty where there is none. */
static struct slice prefix_at(struct slice text)
{
    if (!slice_drop_prefix(&text, OPENING))
        return SLICE("");
    struct slice prefix = { text.ptr, slice_find(text, '.') };
    struct slice rest = { text.ptr + prefix.len, text.len - prefix.len };
    bool is_whole = slice_starts_with(rest, CLOSING) && is_word(prefix, SEND_CHAIN_PREFIX_MAX);
    return is_whole ? prefix : SLICE("");
}

bool send_chain_fill(const struct send_chain *chain, struct slice text, struct buf *out)
{
    bool all_known = true;
    while (text.len > 0) {
        struct slice before = { text.ptr, slice_find(text, '$') };
        buf_append(out, before);
        text = (struct slice){ text.ptr + before.len, text.len - before.len };
        if (text.len == 0)
            break;
        struct slice prefix = prefix_at(text);
        const struct send_chain_link *link = prefix.len > 0 ? find(chain, prefix) : NULL;
        size_t used = link ? OPENING.len + prefix.len + CLOSING.len : 1;
        if (link)
            buf_append(out, slice_of(link->id));
        else
            buf_append_char(out, '$');
        all_known &= link || prefix.len == 0;
        text = (struct slice){ text.ptr + used, text.len - used };
    }
    return all_known;
}
