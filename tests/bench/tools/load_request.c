#include "load_request.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "ingest/signature.h"

enum { TIMESTAMP_MAX = 24 };

static const char head[] = "POST /api/webhooks HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: "
                           "Svix-Webhooks/1.99\r\nAccept: */*\r\n"
                           "Content-Type: application/json\r\nsvix-id: %.*s\r\nsvix-timestamp: "
                           "%s\r\nsvix-signature: %s\r\n"
                           "Content-Length: %zu\r\n%s\r\n";

size_t load_request_write(const struct load *load, struct signature_keys *keys, uint64_t number,
                          char request[LOAD_REQUEST_MAX])
{
    struct mixed_event ev;
    char signature[SIGNATURE_TEXT_LEN + 1];
    char ts[TIMESTAMP_MAX];
    int64_t now_ms = clock_system.wall_ms();
    struct signed_request parts = { .body = &ev.body, .body_count = 1 };
    size_t len;

    event_mix_make(load->mix, number, now_ms, &ev);
    parts.id = ev.message_id;
    parts.timestamp.ptr = ts;
    parts.timestamp.len = (size_t)snprintf(ts, sizeof(ts), "%lld", (long long)now_ms / 1000);
    if (signature_sign(keys, &parts, signature) != STATUS_OK)
        abort();
    if (load->bad > 0 && number % load->bad == 0)
        memcpy(signature + 3, "AAAA", 4);
    len = (size_t)snprintf(request, LOAD_REQUEST_MAX, head, SLICE_ARG(ev.message_id), ts, signature,
                           ev.body.len, load->fresh ? "Connection: close\r\n" : "");
    memcpy(request + len, ev.body.ptr, ev.body.len);
    return len + ev.body.len;
}
