#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/store_find.h"

struct seen {
    size_t count;
    char first[64];
    char text[64];
};

static struct store *reader(struct fixture *f)
{
    struct store *store = NULL;
    assert_int_equal(STATUS_OK, store_open_to_read(f->url, &store, f->why));
    return store;
}

static void note_event(void *arg, const struct store_found_event *event)
{
    struct seen *seen = arg;
    if (seen->count++ == 0)
        snprintf(seen->first, sizeof seen->first, "%.*s", SLICE_ARG(event->svix_id));
}

static void note_column(void *arg, const char *table, const char *column, const struct value *value)
{
    struct seen *seen = arg;
    seen->count++;
    snprintf(seen->first, sizeof seen->first, "%s", table);
    if (strcmp(column, "first_name") == 0)
        snprintf(seen->text, sizeof seen->text, "%.*s", SLICE_ARG(value->text));
}

static void fill_ledger(struct fixture *f)
{
    fixture_exec(f, "INSERT INTO webhook_events (svix_id, type, clerk_id, received_at, "
                    "processed_at, outcome) VALUES ('msg_1','user.created','user_1',100,110,"
                    "'applied'),('msg_2','user.updated','user_1',200,230,'stale'),"
                    "('msg_3','user.created','user_2',NULL,240,'applied')");
}

static void an_event_is_found_by_its_svix_id(void **state)
{
    struct seen seen = { 0 };
    fill_ledger(*state);
    struct store *store = reader(*state);
    assert_int_equal(STATUS_OK, store_find_event(store, SLICE("msg_2"), note_event, &seen));
    assert_int_equal(1, seen.count);
    assert_string_equal("msg_2", seen.first);
    assert_int_equal(STATUS_NOT_FOUND, store_find_event(store, SLICE("msg_9"), note_event, &seen));
    store_close(store);
}

static void the_events_of_an_object_come_with_the_latest_first(void **state)
{
    struct seen seen = { 0 };
    fill_ledger(*state);
    struct store *store = reader(*state);
    assert_int_equal(STATUS_OK, store_each_event_of(store, SLICE("user_1"), note_event, &seen));
    assert_int_equal(2, seen.count);
    assert_string_equal("msg_2", seen.first);
    assert_int_equal(STATUS_OK, store_each_event_of(store, SLICE("user_9"), note_event, &seen));
    assert_int_equal(2, seen.count);
    store_close(store);
}

static void recent_times_are_those_since_the_time_asked_for(void **state)
{
    struct store_recent recent;
    fill_ledger(*state);
    struct store *store = reader(*state);
    assert_int_equal(STATUS_OK, store_recent(store, 110, &recent));
    assert_int_equal(3, recent.count);
    assert_int_equal(20, recent.mean_ms); /* one has no time of receipt */
    assert_int_equal(30, recent.max_ms);
    assert_int_equal(STATUS_OK, store_recent(store, 241, &recent));
    assert_int_equal(0, recent.count);
    assert_int_equal(0, recent.max_ms);
    store_close(store);
}

static void an_object_is_found_whatever_its_table(void **state)
{
    struct seen seen = { 0 };
    assert_int_equal(STATUS_OK, fixture_put_user(*state, "user_1", 1000, "Ada", ""));
    struct store *store = reader(*state);
    assert_int_equal(STATUS_OK, store_find_object(store, SLICE("user_1"), note_column, &seen));
    assert_string_equal("users", seen.first);
    assert_string_equal("Ada", seen.text);
    assert_int_equal(STATUS_NOT_FOUND,
                     store_find_object(store, SLICE("' OR 1=1 --"), note_column, &seen));
    store_close(store);
}

static void a_tombstone_says_when_it_was_deleted(void **state)
{
    int64_t event_at = 0;
    assert_int_equal(STATUS_OK, fixture_put_user(*state, "user_1", 1000, "Ada", ""));
    assert_int_equal(STATUS_OK, fixture_delete(*state, "users", "user_1", 2000));
    struct store *store = reader(*state);
    assert_int_equal(STATUS_OK, store_find_tombstone(store, SLICE("user_1"), &event_at));
    assert_int_equal(2000, event_at);
    assert_int_equal(STATUS_NOT_FOUND, store_find_tombstone(store, SLICE("user_2"), &event_at));
    assert_int_equal(2000, event_at);
    store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_hard, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_found_by_its_svix_id),
        TEST(the_events_of_an_object_come_with_the_latest_first),
        TEST(recent_times_are_those_since_the_time_asked_for),
        TEST(an_object_is_found_whatever_its_table),
        TEST(a_tombstone_says_when_it_was_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
