#include "worker/event_id.h"

#include "common/envelope.h"
#include "common/json_scan.h"

struct slice event_id_text(struct slice object, struct slice key)
{
    struct slice name, value;
    struct json_iter it;
    if (!json_iter_begin(object, &it) || !it.is_object)
        return SLICE("");
    while (json_iter_next(&it, &name, &value) == STATUS_OK)
        if (json_spells(name, key))
            return value.len > 2 && value.ptr[0] == '"'
                       ? (struct slice){ value.ptr + 1, value.len - 2 }
                       : SLICE("");
    return SLICE("");
}

struct slice event_id_peek(struct slice body)
{
    struct envelope envelope;
    if (envelope_read(body, &envelope) != STATUS_OK)
        return SLICE("");
    return event_id_text(envelope.data, SLICE("id"));
}
