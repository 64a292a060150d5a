#include "worker/json_index.h"

#include <string.h>

/* Half of the slots at least stay free, or a search would not end. */
enum { SLOTS = JSON_INDEX_SLOTS, MEMBERS_MAX = SLOTS / 2 };

static struct slice key_of(const struct json_tape *tape, uint32_t token)
{
    const struct json_token *key = &tape->tokens[token];

    return (struct slice){ tape->text.ptr + key->begin + 1, key->len - 2 };
}

static size_t first_slot(struct slice key)
{
    size_t mixed = key.len * 7;

    if (key.len > 0)
        mixed += (unsigned char)key.ptr[0] * 3u + (unsigned char)key.ptr[key.len / 2] * 5u +
                 (unsigned char)key.ptr[key.len - 1];
    return mixed % SLOTS;
}

static size_t next_slot(size_t slot)
{
    return (slot + 1) % SLOTS;
}

/* A repeated key comes to stand behind the first one. */
static void insert(struct json_tape *tape, uint32_t token)
{
    size_t slot = first_slot(key_of(tape, token));

    while (tape->index.keys[slot])
        slot = next_slot(slot);
    tape->index.keys[slot] = token;
}

void json_index_build(struct json_tape *tape, uint32_t place)
{
    size_t count = 0;

    tape->index = (struct json_index){ .is_built = true, .object = place };
    for (uint32_t i = place + 1; i < tape->tokens[place].next; i = tape->tokens[i + 1].next) {
        if (++count > MEMBERS_MAX || tape->tokens[i].is_escaped) {
            tape->index.is_built = false;
            return;
        }
        insert(tape, i);
    }
}

bool json_index_find(const struct json_tape *tape, uint32_t place, struct slice key,
                     uint32_t *ret_key)
{
    const struct json_index *index = &tape->index;
    size_t slot = first_slot(key);

    if (!index->is_built || index->object != place)
        return false;
    while (index->keys[slot] && !slice_equals(key_of(tape, index->keys[slot]), key))
        slot = next_slot(slot);
    *ret_key = index->keys[slot];
    return true;
}
