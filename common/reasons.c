#include "common/reasons.h"

#include <stdio.h>
#include <string.h>

bool reasons_add(struct reasons *reasons, const char *why)
{
    for (size_t i = 0; i < reasons->count; i++)
        if (strncmp(reasons->texts[i], why, REASON_TEXT_MAX - 1) == 0)
            return false;
    if (reasons->count == REASONS_MAX)
        return false;
    (void)snprintf(reasons->texts[reasons->count++], REASON_TEXT_MAX, "%s", why);
    return true;
}

void reasons_clear(struct reasons *reasons)
{
    reasons->count = 0;
}
