#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "worker/catalog.h"

#define TOMBSTONES "SELECT clerk_id, object, event_at FROM tombstones ORDER BY 1"

/* --- both modes --- */

static void a_delete_leaves_a_tombstone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put(f, "users", "user_1", 1, 0, NULL), STATUS_OK);
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_string_equal(fixture_query(f, TOMBSTONES), "user_1|user|5;");
}

static void a_delete_of_what_never_came_leaves_a_tombstone_too(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_delete(f, "organization_memberships", "orgmem_1", 5), STATUS_OK);
    assert_string_equal(fixture_query(f, TOMBSTONES), "orgmem_1|organizationMembership|5;");
}

static void an_object_of_unknown_kind_is_named_by_its_table(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_delete(f, "other_objects", "thing_1", 5), STATUS_OK);
    assert_string_equal(fixture_query(f, TOMBSTONES), "thing_1|other_objects|5;");
}

static void the_earliest_of_two_deletes_counts(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_int_equal(fixture_delete(f, "users", "user_1", 7), STATUS_STALE);
    assert_string_equal(fixture_query(f, TOMBSTONES), "user_1|user|5;");
    assert_int_equal(fixture_delete(f, "users", "user_1", 3), STATUS_STALE);
    assert_string_equal(fixture_query(f, TOMBSTONES), "user_1|user|3;");
}

/* In every table a row "mine", of user_1 and org_1 as far as the table has such columns, and a row
 * "other" of nobody. */
static void put_everywhere(struct fixture *f)
{
    for (size_t i = 0; i < catalog_table_count; i++) {
        const struct catalog_table *t = catalog_tables[i];
        const char *user = catalog_column_index(t, "user_id") < t->column_count ? "user_id" : NULL;
        bool has_org = catalog_column_index(t, "organization_id") < t->column_count;
        const char *first = user ? user : has_org ? "organization_id" : NULL;
        const char *second = user && has_org ? "organization_id" : NULL;
        assert_int_equal(fixture_put(f, t->name, "other", 1, 0, NULL), STATUS_OK);
        assert_int_equal(fixture_put(f, t->name, "mine", 1, 0, first, user ? "user_1" : "org_1",
                                     second, "org_1", NULL),
                         STATUS_OK);
    }
}

/* The tables whose row id (all rows: "%") has what is asked for. */
static const char *tables_where(struct fixture *f, const char *id, const char *what,
                                char found[1024])
{
    found[0] = '\0';
    for (size_t i = 0; i < catalog_table_count; i++) {
        char text[256];
        snprintf(text, sizeof(text), "SELECT %s FROM %s WHERE clerk_id LIKE '%s'", what,
                 catalog_tables[i]->name, id);
        if (strcmp(fixture_query(f, text), "1;") == 0)
            snprintf(found + strlen(found), 1024 - strlen(found), "%s ", catalog_tables[i]->name);
    }
    return found;
}

/* Written down here and not taken from the catalog: invitations, domains and billing stay. */
static const char OF_USER[] = "user_emails user_phones user_wallets user_external_accounts "
                              "organization_memberships sessions emails sms_messages ";
static const char OF_ORGANIZATION[] =
    "organization_memberships organization_invitations organization_domains ";

#define GONE    "count(*) = 0"
#define MARKED  "deleted_at = 5"
#define CHANGED "count(*) <> 2 OR max(event_at) <> 1 OR count(updated_at) <> 0"

/* --- hard --- */

static void a_hard_delete_of_a_user_takes_along_what_was_the_users(void **state)
{
    struct fixture *f = *state;
    char found[1024];
    put_everywhere(f);
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_string_equal(tables_where(f, "mine", GONE, found), OF_USER);
    assert_string_equal(tables_where(f, "other", GONE, found), "");
}

static void a_hard_delete_of_an_organization_takes_along_what_was_its(void **state)
{
    struct fixture *f = *state;
    char found[1024];
    put_everywhere(f);
    assert_int_equal(fixture_delete(f, "organizations", "org_1", 5), STATUS_OK);
    assert_string_equal(tables_where(f, "mine", GONE, found), OF_ORGANIZATION);
    assert_string_equal(tables_where(f, "other", GONE, found), "");
}

static void a_hard_delete_of_anything_else_removes_one_row(void **state)
{
    struct fixture *f = *state;
    char found[1024];
    put_everywhere(f);
    assert_int_equal(fixture_delete(f, "organization_memberships", "mine", 5), STATUS_OK);
    assert_string_equal(tables_where(f, "mine", GONE, found), "organization_memberships ");
}

static void nothing_brings_a_deleted_object_back(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_int_equal(fixture_put(f, "users", "user_1", 4, 0, NULL), STATUS_STALE);
    assert_int_equal(fixture_put(f, "users", "user_1", 6, 9, NULL), STATUS_STALE);
    assert_string_equal(fixture_query(f, "SELECT count(*) FROM users"), "0;");
}

static void nothing_comes_for_a_deleted_user_or_organization(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_int_equal(fixture_delete(f, "organizations", "org_1", 5), STATUS_OK);
    assert_int_equal(fixture_put(f, "sessions", "sess_1", 9, 0, "user_id", "user_1", NULL),
                     STATUS_STALE);
    assert_int_equal(fixture_put(f, "organization_memberships", "orgmem_1", 9, 0, "user_id",
                                 "user_2", "organization_id", "org_1", NULL),
                     STATUS_STALE);
    assert_int_equal(fixture_put(f, "sessions", "sess_2", 9, 0, "user_id", "user_2", NULL),
                     STATUS_OK);
    assert_int_equal(fixture_put(f, "payment_attempts", "pay_1", 9, 0, "user_id", "user_1", NULL),
                     STATUS_OK);
}

/* --- soft --- */

static void a_soft_delete_of_a_user_marks_what_was_the_users(void **state)
{
    struct fixture *f = *state;
    char found[1024];
    put_everywhere(f);
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_string_equal(tables_where(f, "mine", MARKED, found), OF_USER);
    assert_string_equal(tables_where(f, "other", "deleted_at IS NOT NULL", found), "");
    assert_string_equal(tables_where(f, "%", CHANGED, found), "");
}

static void a_soft_delete_of_an_organization_marks_what_was_its(void **state)
{
    struct fixture *f = *state;
    char found[1024];
    put_everywhere(f);
    assert_int_equal(fixture_delete(f, "organizations", "org_1", 5), STATUS_OK);
    assert_string_equal(tables_where(f, "mine", MARKED, found), OF_ORGANIZATION);
    assert_string_equal(tables_where(f, "other", "deleted_at IS NOT NULL", found), "");
    assert_string_equal(tables_where(f, "%", CHANGED, found), "");
}

static void history_goes_on_after_a_soft_delete_but_stays_deleted(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_put_user(f, "user_1", 1, "old", "a"), STATUS_OK);
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 9, "new", "b"), STATUS_OK);
    assert_int_equal(fixture_put_user(f, "user_1", 8, "late", "c"), STATUS_STALE);
    assert_string_equal(fixture_query(f, "SELECT first_name, event_at, deleted_at FROM users"),
                        "new|9|5;");
    assert_string_equal(fixture_query(f, "SELECT clerk_id, deleted_at FROM user_emails"), "b|5;");
}

static void the_earliest_mark_wins_over_several_tombstones(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(fixture_delete(f, "organizations", "org_1", 7), STATUS_OK);
    assert_int_equal(fixture_delete(f, "users", "user_1", 5), STATUS_OK);
    assert_int_equal(fixture_delete(f, "organization_memberships", "orgmem_1", 6), STATUS_OK);
    assert_int_equal(fixture_put(f, "organization_memberships", "orgmem_1", 1, 0, "user_id",
                                 "user_1", "organization_id", "org_1", NULL),
                     STATUS_OK);
    assert_string_equal(fixture_query(f, "SELECT deleted_at FROM organization_memberships"), "5;");
    assert_int_equal(fixture_delete(f, "organizations", "org_1", 2), STATUS_STALE);
    assert_string_equal(fixture_query(f, "SELECT deleted_at FROM organization_memberships"), "2;");
}

#define HARD(test) cmocka_unit_test_setup_teardown(test, fixture_hard, fixture_end)
#define SOFT(test) cmocka_unit_test_setup_teardown(test, fixture_soft, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HARD(a_delete_leaves_a_tombstone),
        SOFT(a_delete_leaves_a_tombstone),
        HARD(a_delete_of_what_never_came_leaves_a_tombstone_too),
        SOFT(a_delete_of_what_never_came_leaves_a_tombstone_too),
        HARD(an_object_of_unknown_kind_is_named_by_its_table),
        HARD(the_earliest_of_two_deletes_counts),
        SOFT(the_earliest_of_two_deletes_counts),
        HARD(a_hard_delete_of_a_user_takes_along_what_was_the_users),
        HARD(a_hard_delete_of_an_organization_takes_along_what_was_its),
        HARD(a_hard_delete_of_anything_else_removes_one_row),
        HARD(nothing_brings_a_deleted_object_back),
        HARD(nothing_comes_for_a_deleted_user_or_organization),
        SOFT(a_soft_delete_of_a_user_marks_what_was_the_users),
        SOFT(a_soft_delete_of_an_organization_marks_what_was_its),
        SOFT(history_goes_on_after_a_soft_delete_but_stays_deleted),
        SOFT(the_earliest_mark_wins_over_several_tombstones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
