#include "common/status.h"

#include <stddef.h>

static const char *const names[STATUS_COUNT] = {
    [STATUS_OK] = "ok",
    [STATUS_INVALID] = "invalid",
    [STATUS_TOO_BIG] = "too_big",
    [STATUS_NOT_FOUND] = "not_found",
    [STATUS_MISSING_HEADER] = "missing_header",
    [STATUS_BAD_SIGNATURE] = "bad_signature",
    [STATUS_OUT_OF_WINDOW] = "out_of_window",
    [STATUS_DUPLICATE] = "duplicate",
    [STATUS_STALE] = "stale",
    [STATUS_UNAVAILABLE] = "unavailable",
    [STATUS_BAD_DATA] = "bad_data",
    [STATUS_FATAL] = "fatal",
    [STATUS_NO_MEMORY] = "no_memory",
    [STATUS_STOPPED] = "stopped",
};

const char *status_name(enum status status)
{
    if ((unsigned)status >= STATUS_COUNT || names[status] == NULL)
        return "unknown";
    return names[status];
}
