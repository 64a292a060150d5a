#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/queue_health.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void health_starts_without_complaint(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    assert_null(queue_health_complaint(&health));
    assert_true(queue_health_has_room(&health));
}

static void health_knows_which_errors_need_another_connection(void **state)
{
    static const struct {
        const char *error;
        enum queue_remedy remedy;
    } rows[] = {
        { "OOM command not allowed when used memory > 'maxmemory'.", REMEDY_WAIT },
        { "LOADING Redis is loading the dataset in memory", REMEDY_WAIT },
        { "MISCONF Errors writing to the AOF file: No space left on device", REMEDY_WAIT },
        { "NOREPLICAS Not enough good replicas to write.", REMEDY_WAIT },
        { "BUSY Redis is busy running a script.", REMEDY_WAIT },
        { "NOPERM this user has no permissions to run the 'xadd' command", REMEDY_WAIT },
        { "WRONGTYPE Operation against a key holding the wrong kind of value", REMEDY_WAIT },
        { "CLUSTERDOWN The cluster is down", REMEDY_WAIT },
        { "ERR something never seen before", REMEDY_WAIT },
        { "", REMEDY_WAIT },
        { "READONLY You can't write against a read only replica.", REMEDY_RECONNECT },
        { "NOAUTH Authentication required.", REMEDY_RECONNECT },
        { "WRONGPASS invalid username-password pair", REMEDY_RECONNECT },
        { "MOVED 1234 10.0.0.1:6379", REMEDY_RECONNECT },
        { "DENIED Redis is running in protected mode", REMEDY_RECONNECT },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct queue_health health = { 0 };
        assert_int_equal(queue_health_note_error(&health, slice_of(rows[i].error)), rows[i].remedy);
    }
}

static void health_repeats_the_error_as_its_complaint(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    (void)queue_health_note_error(&health, SLICE("OOM command not allowed"));
    assert_string_equal(queue_health_complaint(&health), "OOM command not allowed");
}

static void health_keeps_no_arguments_that_redis_repeats(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    (void)queue_health_note_error(
        &health, SLICE("ERR unknown command `AUTH`, with args beginning with: `hunter2`"));
    assert_null(strstr(queue_health_complaint(&health), "hunter2"));
}

static void health_cuts_an_error_that_is_too_long(void **state)
{
    struct queue_health health = { 0 };
    char error[1000];

    (void)state;
    memset(error, 'X', sizeof(error));
    (void)queue_health_note_error(&health, (struct slice){ error, sizeof(error) });
    assert_int_equal(strlen(queue_health_complaint(&health)), QUEUE_HEALTH_WHY_MAX - 1);
}

static void health_is_restored_by_a_group_that_exists_or_was_created(void **state)
{
    static const char *const answers[] = { "", "BUSYGROUP Consumer Group name already exists" };

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct queue_health health = { 0 };
        (void)queue_health_note_error(&health, SLICE("OOM command not allowed"));
        (void)queue_health_note_group(&health, slice_of(answers[i]));
        assert_null(queue_health_complaint(&health));
    }
}

static void health_does_not_mind_being_forbidden_to_create_the_group(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    (void)queue_health_note_group(&health, SLICE("NOPERM no permissions to run 'xgroup|create'"));
    assert_null(queue_health_complaint(&health));
}

static void health_is_not_restored_by_a_group_when_adding_is_forbidden(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    (void)queue_health_note_error(&health,
                                  SLICE("NOPERM no permissions to run the 'xadd' command"));
    (void)queue_health_note_group(&health, SLICE("BUSYGROUP exists"));
    assert_non_null(queue_health_complaint(&health));
}

static void health_worsens_when_the_group_cannot_be_created(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    assert_int_equal(queue_health_note_group(&health, SLICE("READONLY replica")), REMEDY_RECONNECT);
    assert_string_equal(queue_health_complaint(&health), "READONLY replica");
}

/* What INFO memory says, as Redis 7.0 writes it. */
static void note_memory(struct queue_health *health, int used, int max, const char *policy)
{
    char info[300];

    snprintf(info, sizeof(info),
             "# Memory\r\nused_memory:%d\r\nused_memory_human:9.99G\r\nmaxmemory:%d\r\n"
             "maxmemory_human:1K\r\nmaxmemory_policy:%s\r\n",
             used, max, policy);
    queue_health_note_memory(health, slice_of(info), health->answered_bytes);
}

static void health_is_full_from_85_percent_and_until_below_80(void **state)
{
    static const struct {
        int used;
        bool room;
    } steps[] = { { 8499, true },  { 8500, false }, { 8499, false },
                  { 8000, false }, { 7999, true },  { 8499, true } };
    struct queue_health health = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        note_memory(&health, steps[i].used, 10000, "noeviction");
        assert_int_equal(queue_health_has_room(&health), steps[i].room);
        assert_int_equal(queue_health_complaint(&health) == NULL, steps[i].room);
    }
}

static void health_counts_what_redis_has_not_yet_reported(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    note_memory(&health, 5000, 10000, "noeviction");
    health.waiting_bytes = 1000;
    health.answered_bytes += 2499;
    assert_true(queue_health_has_room(&health));
    health.answered_bytes++;
    assert_false(queue_health_has_room(&health));
}

static void health_counts_a_write_until_an_answer_to_a_later_question(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    assert_true(queue_health_admits(&health, 1600));
    assert_int_equal(health.waiting_bytes, 1600 + 100 + 128);
    queue_health_note_memory(&health, SLICE("used_memory:0\r\nmaxmemory:2000\r\n"), 0);
    assert_false(queue_health_has_room(&health)); /* it may have come after the question */
    queue_health_note_answer(&health, 1600);
    assert_false(queue_health_has_room(&health));
    queue_health_note_memory(&health, SLICE("used_memory:0\r\nmaxmemory:2000\r\n"),
                             health.answered_bytes);
    assert_true(queue_health_has_room(&health));
}

static void health_counts_nothing_twice_when_questions_of_two_connections_overlap(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    health.answered_bytes = 6000;
    queue_health_note_memory(&health, SLICE("maxmemory:10000\r\n"), 3000);
    queue_health_note_memory(&health, SLICE("maxmemory:10000\r\n"), 1000);
    assert_int_equal(health.answered_bytes - health.seen_bytes, 3000);
}

static void health_reads_an_error_of_one_connection_without_keeping_it(void **state)
{
    struct queue_health health = { 0 };
    char trouble[QUEUE_HEALTH_WHY_MAX];

    (void)state;
    assert_int_equal(queue_health_read_error(SLICE("WRONGPASS invalid"), trouble),
                     REMEDY_RECONNECT);
    assert_string_equal(trouble, "WRONGPASS invalid");
    assert_null(queue_health_complaint(&health));
}

static void health_admits_by_what_redis_will_need(void **state)
{
    static const struct {
        size_t bytes;
        bool room;
        int64_t counted;
    } rows[] = {
        { 1600, true, 1600 + 100 + 128 },
        { 84900, false, 0 },
        { 32 * 1024, true, 34816 + 128 }, /* a large one: the copy is gone afterwards */
        { 41500, false, 0 },              /* a large one, whose copy would not fit */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct queue_health health = { 0 };
        note_memory(&health, 0, 100000, "noeviction");
        assert_int_equal(queue_health_admits(&health, rows[i].bytes), rows[i].room);
        assert_int_equal(health.waiting_bytes, rows[i].counted);
    }
}

static void health_has_room_without_a_memory_limit(void **state)
{
    struct queue_health health = { 0 };

    (void)state;
    note_memory(&health, 9999, 10000, "noeviction");
    assert_false(queue_health_has_room(&health));
    note_memory(&health, 2000000000, 0, "noeviction");
    assert_true(queue_health_has_room(&health));
}

static void health_complains_of_a_policy_that_may_evict_the_stream(void **state)
{
    static const struct {
        int max;
        const char *policy;
        bool fine;
    } rows[] = {
        { 10000, "noeviction", true },   { 10000, "volatile-lru", true },
        { 10000, "volatile-ttl", true }, { 10000, "allkeys-lru", false },
        { 10000, "allkeys-lfu", false }, { 10000, "allkeys-random", false },
        { 0, "allkeys-lru", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct queue_health health = { 0 };
        note_memory(&health, 1, rows[i].max, rows[i].policy);
        assert_int_equal(queue_health_complaint(&health) == NULL, rows[i].fine);
    }
}

static void health_survives_an_info_without_any_of_its_lines(void **state)
{
    static const char *const texts[] = { "", "\n",
                                         "used_memory:", "maxmemory:x\r\nused_memory:-1" };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct queue_health health = { 0 };
        queue_health_note_memory(&health, slice_of(texts[i]), 0);
        assert_true(queue_health_has_room(&health));
        assert_null(queue_health_complaint(&health));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_starts_without_complaint),
        cmocka_unit_test(health_knows_which_errors_need_another_connection),
        cmocka_unit_test(health_repeats_the_error_as_its_complaint),
        cmocka_unit_test(health_keeps_no_arguments_that_redis_repeats),
        cmocka_unit_test(health_cuts_an_error_that_is_too_long),
        cmocka_unit_test(health_is_restored_by_a_group_that_exists_or_was_created),
        cmocka_unit_test(health_does_not_mind_being_forbidden_to_create_the_group),
        cmocka_unit_test(health_is_not_restored_by_a_group_when_adding_is_forbidden),
        cmocka_unit_test(health_worsens_when_the_group_cannot_be_created),
        cmocka_unit_test(health_is_full_from_85_percent_and_until_below_80),
        cmocka_unit_test(health_counts_what_redis_has_not_yet_reported),
        cmocka_unit_test(health_counts_a_write_until_an_answer_to_a_later_question),
        cmocka_unit_test(health_counts_nothing_twice_when_questions_of_two_connections_overlap),
        cmocka_unit_test(health_reads_an_error_of_one_connection_without_keeping_it),
        cmocka_unit_test(health_admits_by_what_redis_will_need),
        cmocka_unit_test(health_has_room_without_a_memory_limit),
        cmocka_unit_test(health_complains_of_a_policy_that_may_evict_the_stream),
        cmocka_unit_test(health_survives_an_info_without_any_of_its_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
