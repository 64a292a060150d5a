#include "ingest/queue_health.h"

#include <stddef.h>
#include <stdio.h>

enum {
    HIGH_WATER_PERCENT = 85,
    LOW_WATER_PERCENT = 80,
    ENTRY_OVERHEAD_BYTES = 128,
    LARGE_BYTES = 32 * 1024, /* from here on Redis reads into the object and then copies it */
};

static const struct {
    const char *word;
    enum queue_remedy remedy;
} remedies[] = {
    { "OOM", REMEDY_WAIT },         /* full; workers still drain it */
    { "LOADING", REMEDY_WAIT },     /* reading its file after a start */
    { "MISCONF", REMEDY_WAIT },     /* cannot write its file: a person has to make room */
    { "NOREPLICAS", REMEDY_WAIT },  /* fewer replicas than min-replicas-to-write */
    { "MASTERDOWN", REMEDY_WAIT },  /* replica without its master */
    { "BUSY", REMEDY_WAIT },        /* a script runs */
    { "WRONGTYPE", REMEDY_WAIT },   /* STREAM_KEY is another kind of key: a person has to move it */
    { "NOPERM", REMEDY_WAIT },      /* the ACL forbids it: a person has to change it */
    { "CLUSTERDOWN", REMEDY_WAIT }, /* parts of the cluster are away */
    { "TRYAGAIN", REMEDY_WAIT },    /* a slot is being moved */
    { "READONLY", REMEDY_RECONNECT },  /* a replica now; the name may lead to the new master */
    { "MOVED", REMEDY_RECONNECT },     /* the slot lives elsewhere now */
    { "DENIED", REMEDY_RECONNECT },    /* protected mode; it hangs up, too */
    { "NOAUTH", REMEDY_RECONNECT },    /* a password was set after the connection was made */
    { "WRONGPASS", REMEDY_RECONNECT }, /* a person has to change either side */
};

static struct slice first_word(struct slice error)
{
    return (struct slice){ error.ptr, slice_find(error, ' ') };
}

static enum queue_remedy remedy_of(struct slice word)
{
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
        if (slice_equals(word, slice_of(remedies[i].word)))
            return remedies[i].remedy;
    return REMEDY_WAIT;
}

void queue_health_set_trouble(struct queue_health *health, const char *trouble)
{
    if (trouble[0] == '\0')
        health->trouble[0] = '\0'; /* after each write */
    else
        snprintf(health->trouble, sizeof(health->trouble), "%s", trouble);
}

enum queue_remedy queue_health_read_error(struct slice error,
                                          char ret_trouble[QUEUE_HEALTH_WHY_MAX])
{
    struct slice word = first_word(error);
    struct slice shown = slice_equals(word, SLICE("ERR")) ? word : error;

    snprintf(ret_trouble, QUEUE_HEALTH_WHY_MAX, "%.*s", SLICE_ARG(shown));
    return remedy_of(word);
}

enum queue_remedy queue_health_note_error(struct queue_health *health, struct slice error)
{
    return queue_health_read_error(error, health->trouble);
}

enum queue_remedy queue_health_note_group(struct queue_health *health, struct slice error)
{
    struct slice word = first_word(error);

    if (slice_equals(word, SLICE("NOPERM")))
        return REMEDY_WAIT;
    if (error.len > 0 && !slice_equals(word, SLICE("BUSYGROUP")))
        return queue_health_note_error(health, error);
    /* Being allowed to create groups says nothing about being allowed to add. */
    if (!slice_starts_with(slice_of(health->trouble), SLICE("NOPERM")))
        queue_health_set_trouble(health, "");
    return REMEDY_WAIT;
}

/* What Redis holds or is about to. */
static int64_t expected_bytes(const struct queue_health *health)
{
    return health->used_bytes + health->waiting_bytes + health->answered_bytes - health->seen_bytes;
}

void queue_health_note_memory(struct queue_health *health, struct slice info, int64_t asked_bytes)
{
    struct slice line;

    if (asked_bytes > health->seen_bytes)
        health->seen_bytes = asked_bytes;
    health->used_bytes = 0;
    health->max_bytes = 0;
    health->may_evict = false;
    while (slice_split(&info, '\n', &line)) {
        line = slice_trim(line);
        if (slice_drop_prefix(&line, SLICE("used_memory:")))
            (void)slice_to_i64(line, 0, INT64_MAX / 2, &health->used_bytes);
        else if (slice_drop_prefix(&line, SLICE("maxmemory:")))
            (void)slice_to_i64(line, 0, INT64_MAX / 2, &health->max_bytes);
        else if (slice_drop_prefix(&line, SLICE("maxmemory_policy:")))
            health->may_evict = slice_starts_with(line, SLICE("allkeys-"));
    }
    health->may_evict = health->may_evict && health->max_bytes > 0;
    if (expected_bytes(health) < health->max_bytes / 100 * LOW_WATER_PERCENT ||
        health->max_bytes == 0)
        health->full = false;
}

bool queue_health_has_room(struct queue_health *health)
{
    int64_t mark = health->max_bytes / 100 * HIGH_WATER_PERCENT;

    if (mark > 0 && expected_bytes(health) >= mark)
        health->full = true;
    return !health->full;
}

/* What an entry of so many bytes takes for good. */
static int64_t kept_bytes(size_t bytes)
{
    return (int64_t)(bytes + bytes / 16) + ENTRY_OVERHEAD_BYTES;
}

bool queue_health_admits(struct queue_health *health, size_t bytes)
{
    int64_t kept = kept_bytes(bytes);
    int64_t passing = bytes >= LARGE_BYTES ? (int64_t)bytes : 0;
    bool has_room;

    health->waiting_bytes += kept + passing;
    has_room = queue_health_has_room(health);
    health->waiting_bytes -= has_room ? passing : kept + passing;
    return has_room;
}

void queue_health_note_answer(struct queue_health *health, size_t bytes)
{
    health->waiting_bytes -= kept_bytes(bytes);
    health->answered_bytes += kept_bytes(bytes);
}

const char *queue_health_complaint(const struct queue_health *health)
{
    if (health->trouble[0] != '\0')
        return health->trouble;
    if (health->full)
        return "Redis memory is above 85 % of maxmemory";
    if (health->may_evict)
        return "maxmemory-policy allkeys-* may evict the backlog: set noeviction";
    return NULL;
}
