#ifndef CLERK_PROCESS_STATS_H
#define CLERK_PROCESS_STATS_H

#include <stdint.h>

#include "common/buf.h"
#include "common/status.h"

/* What the operating system says of this process, under the names that every Prometheus client
 * uses: process_resident_memory_bytes, process_virtual_memory_bytes, process_cpu_seconds_total,
 * process_open_fds, process_max_fds, process_start_time_seconds. Source: proc(5); the names:
 * "Process metrics" of Prometheus' guide to writing client libraries. */

struct process_stats {
    int64_t resident_bytes;
    int64_t virtual_bytes;
    /* user and system, all threads, since the start */
    int64_t cpu_ms;
    /* Unix time; 0 where /proc/stat is hidden */
    int64_t start_ms;
    int64_t open_fds;
    /* the soft limit */
    int64_t max_fds;
};

/* Reads them. STATUS_UNAVAILABLE: there is no /proc. Does not wait for any device. */
enum status process_stats_read(struct process_stats *ret_stats) MUST_CHECK;

/* Takes the line of /proc/PID/stat apart: sizes in pages of page_bytes, times in ticks_per_s since
 * the boot at boot_s. STATUS_INVALID: not such a line. Pure; the name in it may hold anything. */
enum status process_stats_parse(struct slice line, int64_t page_bytes, int64_t ticks_per_s,
                                int64_t boot_s, struct process_stats *ret_stats) MUST_CHECK;

/* Appends them as Prometheus text; nothing where they cannot be read. */
void process_stats_render(struct buf *out);

#endif
