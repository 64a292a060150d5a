/* What becomes of a batch's entries, on a real database and with a Redis that is away: what is owed
 * stays owed, which is all that the reader is needed for here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"
#include "worker/apply.h"
#include "worker/processor.h"
#include "worker/queue_reader.h"
#include "worker/store_lock.h"
#include "worker/trouble.h"
#include "worker/worker_conf.h"

enum { ENTRIES = 3, SUSPICIOUS = 3 };

static volatile sig_atomic_t stop;

struct rig {
    struct worker_conf conf;
    struct redis_url url;
    struct trouble database;
    struct processor processor;
    struct queue_entry entries[ENTRIES];
    struct batch batch;
};

static void set_up(struct rig *rig, struct fixture *f)
{
    *rig = (struct rig){ .conf = { .batch_size = ENTRIES }, .url = { .unix_socket = true } };
    const struct queue_conf queue = {
        .url = &rig->url, .key = "k", .group = "g", .consumer = "c", .clock = &clock_system
    };
    stop = 0;
    rig->database = trouble_make("database", WORKER_DB_UP, WORKER_DB_ERRORS, &clock_system, &stop);
    rig->processor = (struct processor){
        .conf = &rig->conf,
        .clock = &clock_system,
        .stop = &stop,
        .reader = queue_reader_new(&queue),
        .store = f->store,
        .database = &rig->database,
    };
    assert_non_null(rig->processor.reader);
    assert_int_equal(STATUS_OK, processor_init(&rig->processor));
    rig->batch = (struct batch){ .entries = rig->entries };
}

static void tear_down(struct rig *rig)
{
    queue_reader_free(rig->processor.reader);
    processor_release(&rig->processor);
}

static void add(struct rig *rig, const char *entry_id, const char *svix_id, int64_t deliveries)
{
    rig->entries[rig->batch.count++] = (struct queue_entry){
        .entry_id = slice_of(entry_id),
        .svix_id = slice_of(svix_id),
        .body = SLICE("{\"success\":true}"),
        .deliveries = deliveries,
    };
}

static void a_stop_is_seen_between_two_lonely_events(void **state)
{
    struct fixture *f = *state;
    struct rig rig;
    set_up(&rig, f);
    add(&rig, "1-1", "msg_1", 1);
    add(&rig, "1-2", "msg_2", SUSPICIOUS);
    stop = 1;
    assert_int_equal(STATUS_STOPPED, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("msg_1;", fixture_query(f, "SELECT svix_id FROM webhook_events"));
    stop = 0;
    assert_int_equal(STATUS_OK, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("msg_1;msg_2;", fixture_query(f, "SELECT svix_id FROM webhook_events "
                                                         "ORDER BY svix_id"));
    tear_down(&rig);
}

static void what_killed_three_times_alone_is_buried_and_its_count_forgotten(void **state)
{
    struct fixture *f = *state;
    struct rig rig;
    int64_t count = 0;
    set_up(&rig, f);
    add(&rig, "1-1", "msg_1", SUSPICIOUS);
    for (int i = 0; i < 3; i++)
        assert_int_equal(STATUS_OK, apply_attempt(f->store, SLICE("msg_1"), &count));
    assert_int_equal(STATUS_OK, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("msg_1|3|{\"success\":true};",
                        fixture_query(f, "SELECT svix_id, attempts, CAST(body AS TEXT) "
                                         "FROM dead_letters"));
    assert_string_equal("", fixture_query(f, "SELECT * FROM worker_attempts"));
    tear_down(&rig);
}

static void a_lonely_event_that_does_no_harm_is_applied_and_its_count_forgotten(void **state)
{
    struct fixture *f = *state;
    struct rig rig;
    set_up(&rig, f);
    add(&rig, "1-1", "msg_1", SUSPICIOUS);
    assert_int_equal(STATUS_OK, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("msg_1|ignored;",
                        fixture_query(f, "SELECT svix_id, outcome FROM webhook_events"));
    assert_string_equal("", fixture_query(f, "SELECT * FROM worker_attempts"));
    tear_down(&rig);
}

/* Another worker's turn, from when the event's time is asked for, with a stop at the same moment,
 * until the time is asked for again: then between counting an attempt and making it. */
static struct store_lock other;

static int64_t wall_ms_as_another_takes_the_turn(void)
{
    stop = 1;
    assert_int_equal(STATUS_OK, store_lock_take(&other, NULL));
    return clock_system.wall_ms();
}

static int64_t mono_ms_as_the_other_gives_it(void)
{
    if (other.held)
        store_lock_give(&other);
    return clock_system.mono_ms();
}

static void an_attempt_that_a_stop_prevented_is_not_counted(void **state)
{
    static const struct clock clock = { .wall_ms = wall_ms_as_another_takes_the_turn,
                                        .mono_ms = mono_ms_as_the_other_gives_it };
    struct fixture *f = *state;
    struct rig rig;
    fixture_needs_sqlite(f);
    const struct store_conf conf = { .url = f->url, .stop = &stop };
    assert_int_equal(STATUS_OK, store_open(&conf, &f->store, f->why));
    set_up(&rig, f);
    rig.processor.clock = &clock;
    assert_int_equal(STATUS_OK, store_lock_open(f->path, &other));
    add(&rig, "1-1", "msg_1", SUSPICIOUS);
    stop = 0;
    assert_int_equal(STATUS_STOPPED, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("", fixture_query(f, "SELECT * FROM worker_attempts"));
    assert_string_equal("", fixture_query(f, "SELECT * FROM webhook_events"));
    store_lock_close(&other);
    tear_down(&rig);
}

static void an_entry_that_is_gone_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct rig rig;
    set_up(&rig, f);
    rig.entries[rig.batch.count++] =
        (struct queue_entry){ .entry_id = SLICE("1-1"), .deliveries = SUSPICIOUS, .is_gone = true };
    assert_int_equal(STATUS_OK, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("", fixture_query(f, "SELECT * FROM webhook_events"));
    tear_down(&rig);
}

static void an_entry_without_id_and_body_is_kept_under_its_entry_id(void **state)
{
    struct fixture *f = *state;
    struct rig rig;
    set_up(&rig, f);
    rig.entries[rig.batch.count++] = (struct queue_entry){ .entry_id = SLICE("1-1"),
                                                           .deliveries = 1 };
    assert_int_equal(STATUS_OK, processor_run(&rig.processor, &rig.batch));
    assert_string_equal("1-1;", fixture_query(f, "SELECT svix_id FROM dead_letters"));
    tear_down(&rig);
}

#define ON_STORE(name) cmocka_unit_test_setup_teardown(name, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(a_stop_is_seen_between_two_lonely_events),
        ON_STORE(what_killed_three_times_alone_is_buried_and_its_count_forgotten),
        ON_STORE(a_lonely_event_that_does_no_harm_is_applied_and_its_count_forgotten),
        cmocka_unit_test_setup_teardown(an_attempt_that_a_stop_prevented_is_not_counted,
                                        fixture_closed, fixture_end),
        ON_STORE(an_entry_that_is_gone_leaves_nothing_behind),
        ON_STORE(an_entry_without_id_and_body_is_kept_under_its_entry_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
