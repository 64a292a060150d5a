#include "worker/dead_json.h"

#include <inttypes.h>

#include "worker/event_id.h"
#include "worker/store.h"

void dead_json_append(struct buf *out, const struct store_dead_letter *letter,
                      const struct slice *body)
{
    const struct {
        const char *key;
        struct slice value;
    } texts[] = {
        { "svix_id", letter->svix_id },
        { "type", letter->type },
        { "object_id", event_id_peek(letter->body) },
        { "reason", letter->reason },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "{", texts[i].key);
        buf_append_json(out, texts[i].value);
    }
    buf_printf(out, ",\"attempts\":%" PRId64 ",\"received_at\":%" PRId64 ",\"failed_at\":%" PRId64,
               letter->attempts, letter->received_at, letter->failed_at);
    if (body) {
        buf_append(out, SLICE(",\"body\":"));
        buf_append_json(out, *body);
    }
    buf_append_char(out, '}');
}
