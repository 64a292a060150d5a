#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/catalog.h"
#include "worker/redact.h"
#include "worker/row.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *table;
    const char *types; /* separated by spaces */
} known[] = {
    { "users", "user.created user.updated user.deleted" },
    { "organizations", "organization.created organization.updated organization.deleted" },
    { "organization_domains",
      "organizationDomain.created organizationDomain.updated organizationDomain.deleted" },
    { "organization_invitations", "organizationInvitation.created organizationInvitation.accepted "
                                  "organizationInvitation.revoked" },
    { "organization_memberships", "organizationMembership.created organizationMembership.updated "
                                  "organizationMembership.deleted" },
    { "roles", "role.created role.updated role.deleted" },
    { "permissions", "permission.created permission.updated permission.deleted" },
    { "sessions", "session.created session.ended session.removed session.revoked session.pending "
                  "session.updated" },
    { "emails", "email.created" },
    { "sms_messages", "sms.created" },
    { "invitations", "invitation.created invitation.accepted invitation.revoked" },
    { "waitlist_entries", "waitlistEntry.created waitlistEntry.updated" },
    { "subscriptions", "subscription.created subscription.updated subscription.active "
                       "subscription.pastDue" },
    { "subscription_items",
      "subscriptionItem.created subscriptionItem.updated subscriptionItem.active "
      "subscriptionItem.canceled subscriptionItem.upcoming subscriptionItem.ended "
      "subscriptionItem.abandoned subscriptionItem.incomplete subscriptionItem.pastDue "
      "subscriptionItem.freeTrialEnding subscriptionItem.expired" },
    { "payment_attempts", "paymentAttempt.created paymentAttempt.updated" },
};

static void all_51_types_are_known_and_find_their_table(void **state)
{
    size_t count = 0;
    (void)state;

    for (size_t i = 0; i < COUNT(known); i++) {
        struct slice rest = slice_of(known[i].types), type;
        for (; slice_next_word(&rest, &type); count++) {
            assert_true(catalog_knows_type(type));
            assert_string_equal(catalog_find(type)->table->name, known[i].table);
        }
    }
    assert_int_equal(count, 51);
}

static void the_catalog_names_no_type_beyond_the_51(void **state)
{
    size_t count = 0;
    (void)state;

    for (size_t i = 0; i < catalog_object_count; i++)
        for (const char *const *event = catalog_objects[i].events; *event; event++)
            count++;
    assert_int_equal(count, 51);
}

static void former_names_are_handled_as_the_present_ones(void **state)
{
    static const char *const cases[][2] = {
        { "subscription.past_due", "subscription.pastDue" },
        { "subscriptionItem.past_due", "subscriptionItem.pastDue" },
        { "user.createdAtEdge", "user.created" },
        { "user.created", "user.created" },
        { "apiKey.created", "apiKey.created" },
        { "", "" },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_true(
            slice_equals(catalog_canonical_type(slice_of(cases[i][0])), slice_of(cases[i][1])));
}

static void an_unknown_prefix_finds_other_objects(void **state)
{
    static const char *const types[] = { "apiKey.created",
                                         "User.created",
                                         "users.created",
                                         "user.passkey.deleted",
                                         "",
                                         ".created",
                                         "userXcreated",
                                         "." };
    (void)state;

    for (size_t i = 0; i < COUNT(types); i++) {
        const struct catalog_object *object = catalog_find(slice_of(types[i]));
        assert_null(object->prefix);
        assert_string_equal(object->table->name, "other_objects");
        assert_false(catalog_knows_type(slice_of(types[i])));
    }
}

static void an_unknown_suffix_of_a_known_object_finds_its_table(void **state)
{
    (void)state;
    assert_string_equal(catalog_find(SLICE("user.banned"))->table->name, "users");
    assert_string_equal(catalog_find(SLICE("user"))->table->name, "users");
    assert_false(catalog_knows_type(SLICE("user.banned")));
    assert_false(catalog_knows_type(SLICE("user")));
}

static void only_the_suffix_deleted_deletes(void **state)
{
    (void)state;
    assert_true(catalog_is_delete(SLICE("user.deleted")));
    assert_true(catalog_is_delete(SLICE("apiKey.deleted")));
    assert_true(catalog_is_delete(SLICE("user.passkey.deleted")));
    assert_false(catalog_is_delete(SLICE("user.undeleted")));
    assert_false(catalog_is_delete(SLICE("deleted")));
    assert_false(catalog_is_delete(SLICE("deleted.user")));
    assert_false(catalog_is_delete(SLICE("")));
}

static void every_object_writes_to_a_listed_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < catalog_object_count; i++) {
        size_t t = 0;
        while (t < catalog_table_count && catalog_tables[t] != catalog_objects[i].table)
            t++;
        assert_true(t < catalog_table_count);
        assert_false(catalog_objects[i].table->is_child);
    }
    assert_null(catalog_objects[catalog_object_count - 1].prefix);
}

static void no_column_is_read_from_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < catalog_object_count; i++) {
        size_t count = 0;
        for (const char *const *secret = catalog_objects[i].secrets; *secret; secret++, count++)
            assert_int_equal(catalog_column_index(catalog_objects[i].table, *secret),
                             catalog_objects[i].table->column_count);
        assert_true(count <= REDACT_PATHS_MAX);
    }
}

static const struct catalog_table *table_named(const char *name)
{
    for (size_t i = 0; i < catalog_table_count; i++)
        if (strcmp(catalog_tables[i]->name, name) == 0)
            return catalog_tables[i];
    fail_msg("there is no table %s", name);
    return NULL;
}

static void only_users_and_organizations_take_rows_of_other_tables_along(void **state)
{
    static const struct {
        const char *deleted, *other;
        enum catalog_reach reach;
    } cases[] = {
        { "users", "user_emails", CATALOG_OF_USER },
        { "users", "sessions", CATALOG_OF_USER },
        { "users", "organization_memberships", CATALOG_OF_USER },
        { "users", "roles", CATALOG_NOTHING },
        { "organizations", "organization_memberships", CATALOG_OF_ORGANIZATION },
        { "organizations", "user_emails", CATALOG_NOTHING },
        { "sessions", "user_emails", CATALOG_NOTHING },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(cases[i].reach,
                         catalog_reach(table_named(cases[i].deleted), table_named(cases[i].other)));
}

static void each_table_is_found_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < catalog_table_count; i++)
        assert_int_equal(i, catalog_table_index(catalog_tables[i]));
}

static void a_row_goes_with_its_object_its_user_and_its_organization(void **state)
{
    const struct catalog_table *table = table_named("organization_memberships");
    struct value values[32] = { { .kind = VALUE_NULL } };
    struct slice ids[ROW_OWNERS];
    const struct row row = { .table = table, .clerk_id = SLICE("orgmem_1"), .values = values };
    (void)state;
    assert_true(table->column_count <= COUNT(values));
    values[catalog_column_index(table, table->user_column)] =
        (struct value){ .kind = VALUE_TEXT, .text = SLICE("user_1") };
    row_owners(&row, ids);
    assert_true(slice_equals(ids[0], SLICE("orgmem_1")));
    assert_true(slice_equals(ids[1], SLICE("user_1")));
    assert_int_equal(0, ids[2].len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_51_types_are_known_and_find_their_table),
        cmocka_unit_test(the_catalog_names_no_type_beyond_the_51),
        cmocka_unit_test(former_names_are_handled_as_the_present_ones),
        cmocka_unit_test(an_unknown_prefix_finds_other_objects),
        cmocka_unit_test(an_unknown_suffix_of_a_known_object_finds_its_table),
        cmocka_unit_test(only_the_suffix_deleted_deletes),
        cmocka_unit_test(every_object_writes_to_a_listed_table),
        cmocka_unit_test(no_column_is_read_from_a_secret),
        cmocka_unit_test(only_users_and_organizations_take_rows_of_other_tables_along),
        cmocka_unit_test(each_table_is_found_at_its_place),
        cmocka_unit_test(a_row_goes_with_its_object_its_user_and_its_organization),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
