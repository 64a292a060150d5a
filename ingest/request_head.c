#include "ingest/request_head.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stddef.h>
#include <string.h>
#include <sys/queue.h>

static const struct slice names[FIELD_COUNT] = {
    [FIELD_SVIX_ID] = { "svix-id", 7 },
    [FIELD_SVIX_TIMESTAMP] = { "svix-timestamp", 14 },
    [FIELD_SVIX_SIGNATURE] = { "svix-signature", 14 },
    [FIELD_WEBHOOK_ID] = { "webhook-id", 10 },
    [FIELD_WEBHOOK_TIMESTAMP] = { "webhook-timestamp", 17 },
    [FIELD_WEBHOOK_SIGNATURE] = { "webhook-signature", 17 },
    [FIELD_CONTENT_LENGTH] = { "content-length", 14 },
    [FIELD_TRANSFER_ENCODING] = { "transfer-encoding", 17 },
};

static bool is_token_char(char c)
{
    bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    return is_alnum || c == '-' || (c != '\0' && strchr("!#$%&'*+.^_`|~", c));
}

/* Source: RFC 9110, section 5.6.2. */
static bool is_token(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_token_char(name.ptr[i]))
            return false;
    return name.len > 0;
}

static void note_field(struct request_head *head, struct slice name, struct slice value)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (name.len != names[i].len || !slice_equals_nocase(name, names[i]))
            continue;
        if (head->seen[i]++ == 0)
            head->value[i] = slice_trim(value);
        return;
    }
}

void request_head_read(const struct evkeyvalq *headers, struct request_head *ret_head)
{
    const struct evkeyval *header;

    memset(ret_head, 0, sizeof(*ret_head));
    TAILQ_FOREACH(header, headers, next)
    {
        struct slice name = slice_of(header->key);
        ret_head->odd_name |= !is_token(name);
        note_field(ret_head, name, slice_of(header->value));
    }
}

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return text.len > 0;
}

bool request_head_is_framed(const struct request_head *head)
{
    unsigned lengths = head->seen[FIELD_CONTENT_LENGTH];
    unsigned encodings = head->seen[FIELD_TRANSFER_ENCODING];

    if (head->odd_name || lengths + encodings > 1)
        return false;
    if (lengths == 1 && !is_digits(head->value[FIELD_CONTENT_LENGTH]))
        return false;
    return encodings == 0 ||
           slice_equals_nocase(head->value[FIELD_TRANSFER_ENCODING], SLICE("chunked"));
}

/* The first field of the family that decides. */
static size_t family_of(const struct request_head *head)
{
    bool svix = head->seen[FIELD_SVIX_ID] || head->seen[FIELD_SVIX_TIMESTAMP] ||
                head->seen[FIELD_SVIX_SIGNATURE];

    return svix ? FIELD_SVIX_ID : FIELD_WEBHOOK_ID;
}

enum status request_head_signed(const struct request_head *head, struct signed_request *ret_request)
{
    size_t first = family_of(head);

    for (size_t i = first; i < first + 3; i++)
        if (head->seen[i] > 1)
            return STATUS_INVALID;
    for (size_t i = first; i < first + 3; i++)
        if (head->value[i].len == 0)
            return STATUS_MISSING_HEADER;
    ret_request->id = head->value[first];
    ret_request->timestamp = head->value[first + 1];
    ret_request->signatures = head->value[first + 2];
    return STATUS_OK;
}
