#include "worker/peek_json.h"

#include <inttypes.h>

#include "worker/event_id.h"
#include "worker/queue_entry.h"
#include "worker/queue_reader.h"

int64_t peek_age_ms(const struct queue_entry *entry, int64_t now_ms)
{
    int64_t born_ms = entry_id_ms(entry->entry_id);
    return born_ms < now_ms ? now_ms - born_ms : 0;
}

void peek_json_append(struct buf *out, const struct queue_entry *entry, int64_t now_ms,
                      bool with_body)
{
    const struct {
        const char *key;
        struct slice value;
    } texts[] = {
        { "entry_id", entry->entry_id },
        { "svix_id", entry->svix_id },
        { "type", entry->type },
        { "object_id", event_id_peek(entry->body) },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_printf(out, "%s\"%s\":", i ? "," : "{", texts[i].key);
        buf_append_json(out, texts[i].value);
    }
    buf_printf(out, ",\"age_ms\":%" PRId64, peek_age_ms(entry, now_ms));
    if (with_body) {
        buf_append(out, SLICE(",\"body\":"));
        buf_append_json(out, entry->body);
    }
    buf_append_char(out, '}');
}
