#include "common/process_stats.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/counters.h"
#include "common/slice.h"

enum { FILE_MAX_BYTES = 1 << 20, FIELD_COUNT = 22 };

/* Fields of /proc/PID/stat behind the name, counted from its first: man 5 proc has them as 14, 15,
 * 22, 23 and 24. */
enum { FIELD_UTIME = 11, FIELD_STIME = 12, FIELD_START = 19, FIELD_VSIZE = 20, FIELD_RSS = 21 };

/* Files of /proc have no size, so this reads to the end. */
static struct buf read_file(const char *path)
{
    struct buf text = buf_make(FILE_MAX_BYTES);
    FILE *in = fopen(path, "r");
    char piece[4096];
    size_t len;

    if (in == NULL)
        return text;
    while ((len = fread(piece, 1, sizeof(piece), in)) > 0)
        buf_append(&text, (struct slice){ piece, len });
    fclose(in);
    return text;
}

/* The process's name stands in brackets and may hold brackets itself. */
static struct slice behind_name(struct slice line)
{
    size_t end = line.len;

    while (end > 0 && line.ptr[end - 1] != ')')
        end--;
    return end > 0 ? (struct slice){ line.ptr + end, line.len - end } : SLICE("");
}

enum status process_stats_parse(struct slice line, int64_t page_bytes, int64_t ticks_per_s,
                                int64_t boot_s, struct process_stats *ret_stats)
{
    struct slice rest = behind_name(line);
    struct slice word;
    int64_t fields[FIELD_COUNT] = { 0 };
    size_t count = 0;

    while (count < FIELD_COUNT && slice_next_word(&rest, &word)) {
        /* The first is a letter, and some limits are beyond 63 bits: neither is of interest. */
        (void)slice_to_i64(word, INT64_MIN, INT64_MAX, &fields[count]);
        count++;
    }
    if (count < FIELD_COUNT)
        return STATUS_INVALID;
    *ret_stats = (struct process_stats){
        .resident_bytes = fields[FIELD_RSS] * page_bytes,
        .virtual_bytes = fields[FIELD_VSIZE],
        .cpu_ms = (fields[FIELD_UTIME] + fields[FIELD_STIME]) * 1000 / ticks_per_s,
        .start_ms = boot_s > 0 ? boot_s * 1000 + fields[FIELD_START] * 1000 / ticks_per_s : 0,
    };
    return STATUS_OK;
}

static int64_t read_boot_s(void)
{
    struct buf text = read_file("/proc/stat");
    struct slice rest = buf_slice(&text);
    struct slice line;
    int64_t boot_s = 0;

    while (slice_split(&rest, '\n', &line))
        if (slice_drop_prefix(&line, SLICE("btime ")))
            (void)slice_to_i64(slice_trim(line), 0, INT32_MAX, &boot_s);
    buf_release(&text);
    return boot_s;
}

static int64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = 0;

    if (folder == NULL)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* the folder's own */
}

enum status process_stats_read(struct process_stats *ret_stats)
{
    struct buf line = read_file("/proc/self/stat");
    struct process_stats stats;
    struct rlimit limit;
    enum status st = STATUS_UNAVAILABLE;

    if (line.len > 0)
        st = process_stats_parse(buf_slice(&line), sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK),
                                 read_boot_s(), &stats);
    buf_release(&line);
    if (st != STATUS_OK)
        return STATUS_UNAVAILABLE;
    stats.open_fds = count_fds();
    stats.max_fds = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (int64_t)limit.rlim_cur : 0;
    *ret_stats = stats;
    return STATUS_OK;
}

void process_stats_render(struct buf *out)
{
    enum { RESIDENT, VIRTUAL, CPU, START, OPEN, MAX, COUNT };
    static const struct counter_info info[COUNT] = {
        [RESIDENT] = { "process_resident_memory_bytes", NULL, "Resident memory size in bytes.",
                       COUNTER_GAUGE, 1 },
        [VIRTUAL] = { "process_virtual_memory_bytes", NULL, "Virtual memory size in bytes.",
                      COUNTER_GAUGE, 1 },
        [CPU] = { "process_cpu_seconds_total", NULL, "User and system CPU time in seconds.",
                  COUNTER_TOTAL, 1000 },
        [START] = { "process_start_time_seconds", NULL, "Start time in seconds since 1970.",
                    COUNTER_GAUGE, 1000 },
        [OPEN] = { "process_open_fds", NULL, "Open file descriptors.", COUNTER_GAUGE, 1 },
        [MAX] = { "process_max_fds", NULL, "File descriptors that may be open.", COUNTER_GAUGE, 1 },
    };
    atomic_int_least64_t values[COUNT];
    const struct counters counters = { info, values, COUNT };
    struct process_stats stats;

    if (process_stats_read(&stats) != STATUS_OK)
        return;
    counters_set(&counters, RESIDENT, stats.resident_bytes);
    counters_set(&counters, VIRTUAL, stats.virtual_bytes);
    counters_set(&counters, CPU, stats.cpu_ms);
    counters_set(&counters, START, stats.start_ms);
    counters_set(&counters, OPEN, stats.open_fds);
    counters_set(&counters, MAX, stats.max_fds);
    counters_render(&counters, out);
}
