#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/queue_health.h"

/* Ingest's side of Redis: any text as an error or as the answer to INFO. What is kept of it ends in
 * a log: one line, cut to size, and never the argument that an ERR repeats. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int promise)
{
    if (!promise)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct queue_health health = { 0 };
    struct slice text = { (const char *)bytes, size };
    const char *complaint;

    (void)queue_health_note_error(&health, text);
    require(strlen(health.trouble) < QUEUE_HEALTH_WHY_MAX);
    if (slice_starts_with(text, SLICE("ERR ")))
        require(strcmp(health.trouble, "ERR") == 0);
    (void)queue_health_note_group(&health, text);
    queue_health_note_memory(&health, text, 0);
    require(health.used_bytes >= 0 && health.max_bytes >= 0);
    health.waiting_bytes = size > 0 ? bytes[0] : 0;
    (void)queue_health_has_room(&health);
    complaint = queue_health_complaint(&health);
    require(!complaint || complaint[0] != '\0');
    return 0;
}
