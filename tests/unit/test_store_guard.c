#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/catalog.h"

#define PUT(event_at, updated_at, name)                                                            \
    fixture_put(f, "users", "user_1", event_at, updated_at, "first_name", name, NULL)

static void assert_name(struct fixture *f, const char *expected)
{
    char line[64];
    snprintf(line, sizeof(line), "%s;", expected);
    assert_string_equal(fixture_query(f, "SELECT first_name FROM users"), line);
}

static void an_upsert_applies_unless_the_row_is_newer(void **state)
{
    static const struct {
        int64_t event_at, updated_at;
        enum status expected;
    } cases[] = {
        { 100, 50, STATUS_OK }, /* the very same again */
        { 101, 50, STATUS_OK },    { 100, 51, STATUS_OK },
        { 101, 1, STATUS_OK }, /* event_at decides first */
        { 101, 0, STATUS_OK },     { 99, 50, STATUS_STALE },
        { 100, 49, STATUS_STALE }, { 99, 99, STATUS_STALE },
        { 100, 0, STATUS_STALE }, /* NULL counts as 0 */
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_exec(f, "DELETE FROM users");
        assert_int_equal(PUT(100, 50, "old"), STATUS_OK);
        assert_int_equal(PUT(cases[i].event_at, cases[i].updated_at, "new"), cases[i].expected);
        assert_name(f, cases[i].expected == STATUS_OK ? "new" : "old");
    }
}

static void a_row_without_updated_at_gives_way_to_any(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(PUT(100, 0, "old"), STATUS_OK);
    assert_int_equal(PUT(100, 0, "same"), STATUS_OK);
    assert_int_equal(PUT(100, 1, "new"), STATUS_OK);
    assert_name(f, "new");
}

static void an_update_keeps_our_id(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put(f, "users", "user_0", 1, 0, NULL), STATUS_OK);
    assert_int_equal(PUT(1, 0, "a"), STATUS_OK);
    assert_int_equal(PUT(2, 0, "b"), STATUS_OK);
    assert_string_equal(fixture_query(f, "SELECT id, clerk_id FROM users"), "1|user_0;2|user_1;");
}

static void an_upsert_sets_every_column_absent_ones_to_null(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 7, "email", "a@b.c", NULL), STATUS_OK);
    assert_int_equal(fixture_put(f, "users", "user_1", 2, 0, "banned", "1", NULL), STATUS_OK);
    assert_string_equal(
        fixture_query(f, "SELECT email, banned, data, updated_at, event_at, deleted_at FROM users"),
        "-|1|{}|-|2|-;");
}

static void two_users_may_have_the_same_email(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, "email", "a@b.c", NULL), STATUS_OK);
    assert_int_equal(fixture_put(f, "users", "user_2", 1, 0, "email", "a@b.c", NULL), STATUS_OK);
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM users"), "2;");
}

#define PUT_EMAIL(event_at, ...)                                                                   \
    fixture_put(f, "users", "user_1", event_at, 0, "first_name", #event_at, __VA_ARGS__, NULL)

/* The e-mail address is indexed, the name is not. */
static void an_indexed_column_changes_under_the_same_guard(void **state)
{
    struct fixture *f = *state;
    static const char by_email[] = "SELECT first_name, email FROM users WHERE email >= ''";
    assert_int_equal(PUT_EMAIL(10, "email", "a@b.c"), STATUS_OK);
    assert_int_equal(PUT_EMAIL(20, "email", "a@b.c"), STATUS_OK);
    assert_string_equal(fixture_query(f, by_email), "20|a@b.c;");
    assert_int_equal(PUT_EMAIL(19, "email", "a@b.c"), STATUS_STALE);
    assert_int_equal(PUT_EMAIL(19, "email", "x@y.z"), STATUS_STALE);
    assert_string_equal(fixture_query(f, by_email), "20|a@b.c;");
    assert_int_equal(PUT_EMAIL(30, "email", "x@y.z"), STATUS_OK);
    assert_string_equal(fixture_query(f, by_email), "30|x@y.z;");
    assert_int_equal(PUT_EMAIL(40, "username", "mara"), STATUS_OK);
    assert_string_equal(fixture_query(f, by_email), "");
    assert_int_equal(PUT_EMAIL(50, "username", "mara"), STATUS_OK);
    assert_string_equal(fixture_query(f, "SELECT first_name, email FROM users"), "50|-;");
    assert_int_equal(PUT_EMAIL(60, "email", "a@b.c"), STATUS_OK);
    assert_string_equal(fixture_query(f, by_email), "60|a@b.c;");
}

static void a_text_in_a_number_column_is_bad_data_and_nothing_more(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, "banned", "perhaps", NULL),
                     STATUS_BAD_DATA);
    assert_null(strstr(store_why(f->store), "perhaps"));
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, "banned", "0", NULL), STATUS_OK);
}

static void every_table_of_the_catalog_takes_a_row(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < catalog_table_count; i++)
        assert_int_equal(fixture_put(f, catalog_tables[i]->name, "id_1", 1, 0, NULL), STATUS_OK);
}

/* --- children --- */

static const char CHILDREN[] = "SELECT clerk_id, user_id, event_at FROM user_emails ORDER BY 1";

static void children_become_exactly_those_given(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        { "", "" },       { "", "a" },        { "a", "" },          { "a", "a" },
        { "a", "b" },     { "a b c", "" },    { "a b c", "b" },     { "a b c", "c a" },
        { "a b", "c d" }, { "a", "a b c d" }, { "a b c", "a b c" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[64] = "";
        fixture_exec(f, "DELETE FROM users; DELETE FROM user_emails");
        assert_int_equal(fixture_put_user(f, "user_1", 1, "n", cases[i].before), STATUS_OK);
        assert_int_equal(fixture_put_user(f, "user_1", 2, "n", cases[i].after), STATUS_OK);
        for (char c = 'a'; c <= 'd'; c++)
            if (strchr(cases[i].after, c))
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
                         "%c|user_1|2;", c);
        assert_string_equal(fixture_query(f, CHILDREN), expected);
    }
}

static void children_of_one_transaction_are_replaced_too(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(fixture_write_user(f, "user_1", 1, "n", "a b"), STATUS_OK);
    assert_int_equal(fixture_write_user(f, "user_1", 2, "n", "c"), STATUS_OK);
    assert_int_equal(fixture_write_user(f, "user_1", 3, "n", ""), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, CHILDREN), "");
}

static void a_rolled_back_parent_is_new_once_more(void **state)
{
    struct fixture *f = *state;
    fixture_begin(f);
    assert_int_equal(store_savepoint(f->store), STATUS_OK);
    assert_int_equal(fixture_write_user(f, "user_1", 1, "n", "a b"), STATUS_OK);
    assert_int_equal(store_rollback_to(f->store), STATUS_OK);
    assert_int_equal(fixture_write_user(f, "user_1", 1, "n", "c"), STATUS_OK);
    assert_int_equal(store_release(f->store), STATUS_OK);
    fixture_commit(f);
    assert_string_equal(fixture_query(f, CHILDREN), "c|user_1|1;");
}

static void children_that_stay_keep_our_id(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 1, "n", "a b c"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 2, "n", "c d b"), STATUS_OK);
    assert_string_equal(
        fixture_query(f, "SELECT clerk_id, id FROM user_emails ORDER BY 1"),
        f->schema[0] ? "b|2;c|3;d|5;" /* a conflict uses a number up */ : "b|2;c|3;d|4;");
}

static void another_parents_children_are_left_alone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 1, "n", "a b"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_2", 1, "n", "c d"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_2", 2, "n", ""), STATUS_OK);
    assert_string_equal(fixture_query(f, CHILDREN), "a|user_1|1;b|user_1|1;");
}

static void a_child_that_moved_stays_with_the_newer_parent(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_2", 5, "n", "a"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 3, "n", "a b"), STATUS_OK);
    assert_string_equal(fixture_query(f, CHILDREN), "a|user_2|5;b|user_1|3;");
    assert_int_equal(fixture_put_user(f, "user_1", 6, "n", "a"), STATUS_OK);
    assert_string_equal(fixture_query(f, CHILDREN), "a|user_1|6;");
}

static void a_child_that_moved_takes_no_place_of_one_that_is_gone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 1, "n", "b"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_2", 5, "n", "a"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 3, "n", "a"), STATUS_OK);
    assert_string_equal(fixture_query(f, CHILDREN), "a|user_2|5;");
}

static void a_child_that_is_named_twice_takes_no_place_of_one_that_is_gone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 1, "n", "a b"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 2, "n", "b b"), STATUS_OK);
    assert_string_equal(fixture_query(f, CHILDREN), "b|user_1|2;");
}

static void a_stale_parent_changes_no_children(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 5, "n", "a"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 4, "n", "b c"), STATUS_STALE);
    assert_string_equal(fixture_query(f, CHILDREN), "a|user_1|5;");
}

static void a_child_id_with_quotes_is_still_itself(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 1, "n", "a\"x b\\y z"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 2, "n", "a\"x b\\y"), STATUS_OK);
    assert_string_equal(fixture_query(f, CHILDREN), "a\"x|user_1|2;b\\y|user_1|2;");
}

#define IN_BOTH_MODES(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end),                              \
        cmocka_unit_test_setup_teardown(test, fixture_soft, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BOTH_MODES(an_upsert_applies_unless_the_row_is_newer),
        IN_BOTH_MODES(a_row_without_updated_at_gives_way_to_any),
        IN_BOTH_MODES(an_update_keeps_our_id),
        IN_BOTH_MODES(an_upsert_sets_every_column_absent_ones_to_null),
        IN_BOTH_MODES(two_users_may_have_the_same_email),
        IN_BOTH_MODES(an_indexed_column_changes_under_the_same_guard),
        IN_BOTH_MODES(a_text_in_a_number_column_is_bad_data_and_nothing_more),
        IN_BOTH_MODES(every_table_of_the_catalog_takes_a_row),
        IN_BOTH_MODES(children_become_exactly_those_given),
        IN_BOTH_MODES(children_of_one_transaction_are_replaced_too),
        IN_BOTH_MODES(a_rolled_back_parent_is_new_once_more),
        IN_BOTH_MODES(children_that_stay_keep_our_id),
        IN_BOTH_MODES(another_parents_children_are_left_alone),
        IN_BOTH_MODES(a_child_that_moved_stays_with_the_newer_parent),
        IN_BOTH_MODES(a_child_that_moved_takes_no_place_of_one_that_is_gone),
        IN_BOTH_MODES(a_child_that_is_named_twice_takes_no_place_of_one_that_is_gone),
        IN_BOTH_MODES(a_stale_parent_changes_no_children),
        IN_BOTH_MODES(a_child_id_with_quotes_is_still_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
