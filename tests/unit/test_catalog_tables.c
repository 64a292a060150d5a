#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "worker/catalog.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The contract with applications: every table and, in this order, every column. */
static const struct {
    const char *table;
    const char *columns;
} tables[] = {
    { "users", "email phone username first_name last_name image_url external_id locale "
               "public_metadata private_metadata unsafe_metadata banned locked password_enabled "
               "two_factor_enabled last_sign_in_at last_active_at" },
    { "user_emails", "user_id email_address verified is_primary" },
    { "user_phones", "user_id phone_number verified is_primary" },
    { "user_wallets", "user_id web3_wallet verified is_primary" },
    { "user_external_accounts",
      "user_id provider provider_user_id email_address verified is_primary" },
    { "organizations", "name slug image_url created_by members_count max_allowed_memberships "
                       "public_metadata private_metadata" },
    { "organization_memberships", "organization_id user_id role role_name permissions "
                                  "public_metadata private_metadata" },
    { "organization_invitations", "organization_id email_address role status user_id expires_at "
                                  "public_metadata private_metadata" },
    { "organization_domains", "organization_id name enrollment_mode verified" },
    { "sessions", "user_id client_id status actor last_active_organization_id last_active_at "
                  "expire_at abandon_at" },
    { "roles", "key name description permissions" },
    { "permissions", "key name description type" },
    { "invitations", "email_address status public_metadata expires_at" },
    { "waitlist_entries", "email_address status is_locked" },
    { "emails", "user_id to_email_address slug status delivered_by_clerk" },
    { "sms_messages", "user_id to_phone_number slug status delivered_by_clerk" },
    { "subscriptions", "user_id organization_id payer_id status plan plan_id amount currency "
                       "period_start period_end active_at canceled_at ended_at past_due_at "
                       "latest_payment_id payment_source_id items" },
    { "subscription_items",
      "user_id organization_id payer_id subscription_id status plan plan_id amount currency "
      "interval is_free_trial quantity period_start period_end" },
    { "payment_attempts", "user_id organization_id payer_id payment_id status charge_type plan "
                          "amount subtotal tax_total currency period_start period_end billing_date "
                          "paid_at failed_at failed_reason" },
    { "other_objects", "object type" },
};

static void tables_have_exactly_the_promised_columns_in_order(void **state)
{
    (void)state;
    assert_int_equal(catalog_table_count, COUNT(tables));
    for (size_t i = 0; i < COUNT(tables); i++) {
        const struct catalog_table *table = catalog_tables[i];
        struct slice rest = slice_of(tables[i].columns), name;
        size_t at = 0;
        assert_string_equal(table->name, tables[i].table);
        for (; slice_next_word(&rest, &name); at++) {
            assert_true(at < table->column_count);
            assert_true(slice_equals(slice_of(table->columns[at].name), name));
        }
        assert_int_equal(at, table->column_count);
    }
}

static void no_table_has_two_columns_of_one_name(void **state)
{
    static const char *const common[] = { "id",         "clerk_id", "data",      "created_at",
                                          "updated_at", "event_at", "deleted_at" };
    (void)state;

    for (size_t t = 0; t < catalog_table_count; t++) {
        const struct catalog_table *table = catalog_tables[t];
        for (size_t i = 0; i < table->column_count; i++)
            assert_int_equal(catalog_column_index(table, table->columns[i].name), i);
        for (size_t i = 0; i < COUNT(common); i++)
            assert_int_equal(catalog_column_index(table, common[i]), table->column_count);
    }
}

static void owner_columns_exist(void **state)
{
    (void)state;
    for (size_t t = 0; t < catalog_table_count; t++) {
        const struct catalog_table *table = catalog_tables[t];
        if (table->user_column)
            assert_true(catalog_column_index(table, table->user_column) < table->column_count);
        if (table->organization_column)
            assert_true(catalog_column_index(table, table->organization_column) <
                        table->column_count);
    }
}

static void deletes_of_users_and_organizations_take_along_what_design_says(void **state)
{
    static const struct {
        const char *table, *user, *organization;
    } owners[] = {
        { "user_emails", "user_id", NULL },
        { "user_phones", "user_id", NULL },
        { "user_wallets", "user_id", NULL },
        { "user_external_accounts", "user_id", NULL },
        { "sessions", "user_id", NULL },
        { "organization_memberships", "user_id", "organization_id" },
        { "emails", "user_id", NULL },
        { "sms_messages", "user_id", NULL },
        { "organization_invitations", NULL, "organization_id" },
        { "organization_domains", NULL, "organization_id" },
    };
    (void)state;

    for (size_t t = 0; t < catalog_table_count; t++) {
        const struct catalog_table *table = catalog_tables[t];
        const char *user = NULL, *organization = NULL;
        for (size_t i = 0; i < COUNT(owners); i++) {
            if (strcmp(owners[i].table, table->name) != 0)
                continue;
            user = owners[i].user;
            organization = owners[i].organization;
        }
        assert_true(slice_equals(slice_of(table->user_column), slice_of(user)));
        assert_true(slice_equals(slice_of(table->organization_column), slice_of(organization)));
    }
}

static void child_tables_follow_their_parent_and_name_it(void **state)
{
    size_t children = 0;
    (void)state;

    for (size_t i = 0; i < catalog_object_count; i++) {
        for (size_t c = 0; c < catalog_objects[i].child_count; c++, children++) {
            const struct catalog_table *table = catalog_objects[i].children[c].table;
            size_t at = catalog_column_index(table, table->user_column);
            assert_true(table->is_child);
            assert_string_equal(table->columns[at].path, "$parent");
            assert_ptr_equal(catalog_tables[1 + c], table);
        }
    }
    assert_int_equal(children, 4);
}

static void columns_carry_what_their_kind_needs(void **state)
{
    (void)state;
    for (size_t t = 0; t < catalog_table_count; t++) {
        for (size_t i = 0; i < catalog_tables[t]->column_count; i++) {
            const struct catalog_column *column = &catalog_tables[t]->columns[i];
            bool picks = column->kind == COLUMN_PRIMARY || column->kind == COLUMN_IS_PRIMARY;
            assert_int_equal(picks, column->primary != NULL);
            assert_int_equal(column->kind == COLUMN_PRIMARY, column->path == NULL);
            if (column->kind == COLUMN_JSON) {
                assert_null(strpbrk(column->path, ".[|$"));
                assert_false(catalog_tables[t]->is_child);
            }
            if (column->kind == COLUMN_IS_PRIMARY)
                assert_true(catalog_tables[t]->is_child);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_have_exactly_the_promised_columns_in_order),
        cmocka_unit_test(no_table_has_two_columns_of_one_name),
        cmocka_unit_test(owner_columns_exist),
        cmocka_unit_test(deletes_of_users_and_organizations_take_along_what_design_says),
        cmocka_unit_test(child_tables_follow_their_parent_and_name_it),
        cmocka_unit_test(columns_carry_what_their_kind_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
