#include "ingest/send_answer.h"

#include <event2/http.h>

#include "common/json_scan.h"

/* What the body says went wrong: its "error" member, or all of it. */
static struct slice find_error(struct slice body)
{
    struct slice key, value;
    struct json_iter it;
    if (!json_scan_whole(body, &value) || !json_iter_begin(value, &it) || !it.is_object)
        return slice_trim(body);
    while (json_iter_next(&it, &key, &value) == STATUS_OK)
        if (json_spells(key, SLICE("error")) && value.len > 2 && value.ptr[0] == '"')
            return (struct slice){ value.ptr + 1, value.len - 2 };
    return slice_trim(body);
}

void send_answer_explain(struct send_answer *answer, struct slice body)
{
    struct slice text = find_error(body);
    size_t len = text.len < SEND_ANSWER_TEXT_MAX ? text.len : SEND_ANSWER_TEXT_MAX;
    for (size_t i = 0; i < len; i++)
        answer->text[i] = text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : '?';
    answer->text[len] = '\0';
}

const char *send_answer_failure(int error)
{
    static const char *const texts[] = {
        [EVREQ_HTTP_TIMEOUT] = "no answer in time",
        [EVREQ_HTTP_EOF] = "the connection was closed before an answer",
        [EVREQ_HTTP_INVALID_HEADER] = "the answer is not HTTP",
        [EVREQ_HTTP_BUFFER_ERROR] = "the connection failed",
        [EVREQ_HTTP_DATA_TOO_LONG] = "the answer is too long",
    };
    bool is_known = error >= 0 && (size_t)error < sizeof(texts) / sizeof(texts[0]);
    return is_known ? texts[error] : NULL;
}
