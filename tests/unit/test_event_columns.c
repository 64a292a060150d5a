#include "tests/unit/event_fixture.h"

/* How a value in the payload becomes a value in a column: one small payload a rule. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *type, *members, *column, *expected;
} cases[] = {
    /* text */
    { "user.updated", "\"username\":\"\"", "username", "" },
    { "user.updated", "\"username\":null", "username", "NULL" },
    { "user.updated", "\"username\":\"\\u00e9\\ud83d\\ude00\"", "username", "é😀" },
    { "user.updated", "\"username\":\"a\\\"\\\\\\/\\n\"", "username", "a\"\\/\n" },
    { "user.updated", "\"external_id\":42", "external_id", "42" },
    { "user.updated", "\"external_id\":-9007199254740991", "external_id", "-9007199254740991" },
    { "user.updated", "\"external_id\":true", "external_id", "true" },
    { "user.updated", "\"external_id\":false", "external_id", "false" },
    { "user.updated", "\"USERNAME\":\"x\"", "username", "NULL" },
    { "user.updated", "\"username\":\"first\",\"username\":\"second\"", "username", "first" },
    { "user.updated", "\"user\\u006eame\":\"x\"", "username", "x" },
    /* whole numbers, beyond 2^31 and to the edge */
    { "user.updated", "\"last_active_at\":3000000000", "last_active_at", "3000000000" },
    { "user.updated", "\"last_active_at\":9007199254740991", "last_active_at", "9007199254740991" },
    { "user.updated", "\"last_active_at\":1.5e3", "last_active_at", "1500" },
    { "user.updated", "\"last_active_at\":-0", "last_active_at", "0" },
    /* JSON, byte for byte */
    { "user.updated", "\"public_metadata\": { \"n\" : 9007199254740993 } ", "public_metadata",
      "{ \"n\" : 9007199254740993 }" },
    { "user.updated", "\"public_metadata\":null", "public_metadata", "NULL" },
    { "user.updated", "\"public_metadata\":\"null\"", "public_metadata", "\"null\"" },
    { "user.updated", "\"public_metadata\":[],\"public_metadata\":{}", "public_metadata", "[]" },
    /* the primary address */
    { "user.updated",
      "\"primary_email_address_id\":\"b\",\"email_addresses\":[{\"id\":\"a\",\"email_address\":"
      "\"a@x\"},{\"id\":\"b\",\"email_address\":\"b@x\"}]",
      "email", "b@x" },
    { "user.updated",
      "\"primary_email_address_id\":\"z\",\"email_addresses\":[{\"id\":\"a\",\"email_address\":"
      "\"a@x\"}]",
      "email", "NULL" },
    { "user.updated",
      "\"primary_email_address_id\":null,\"email_addresses\":[{\"id\":\"a\",\"email_address\":"
      "\"a@x\"}]",
      "email", "NULL" },
    { "user.updated", "\"primary_email_address_id\":\"a\"", "email", "NULL" },
    /* any verification will do */
    { "organizationDomain.updated",
      "\"ownership_verification\":{\"status\":\"unverified\"},\"affiliation_verification\":"
      "{\"status\":\"verified\"}",
      "verified", "1" },
    { "organizationDomain.updated", "\"verification\":{\"status\":\"verified\"}", "verified", "1" },
    { "organizationDomain.updated", "\"verification\":{\"status\":\"expired\"}", "verified", "0" },
    { "organizationDomain.updated", "\"verification\":\"verified\"", "verified", "0" },
    { "organizationDomain.updated", "\"name\":\"x\"", "verified", "0" },
    /* columns that no sample fills */
    { "organization.updated", "\"members_count\":3", "members_count", "3" },
    { "session.created", "\"actor\":{\"sub\":\"user_9\"}", "actor", "{\"sub\":\"user_9\"}" },
    { "email.created", "\"user_id\":\"user_1\"", "user_id", "user_1" },
    { "subscription.updated", "\"payer\":{\"organization_id\":\"org_1\",\"user_id\":\"\"}",
      "organization_id", "org_1" },
    { "subscription.updated", "\"canceled_at\":5", "canceled_at", "5" },
    { "subscription.updated", "\"ended_at\":6", "ended_at", "6" },
    { "paymentAttempt.updated", "\"payer\":{\"organization_id\":\"org_1\"}", "organization_id",
      "org_1" },
    { "paymentAttempt.updated", "\"failed_at\":7", "failed_at", "7" },
    { "paymentAttempt.updated", "\"failed_reason\":{\"code\":\"x\"}", "failed_reason",
      "{\"code\":\"x\"}" },
    /* ids: "" is nothing */
    { "subscription.updated", "\"payer\":{\"user_id\":\"\"}", "user_id", "NULL" },
    { "session.created", "\"user_id\":\"\"", "user_id", "NULL" },
    /* the active item, else the first; never a mixture of both */
    { "subscription.updated",
      "\"items\":[{\"status\":\"ended\",\"period_end\":9,\"plan\":{\"slug\":\"pro\"}},"
      "{\"status\":\"active\",\"period_end\":null,\"plan\":{\"slug\":\"free\"}}]",
      "plan", "free" },
    { "subscription.updated",
      "\"items\":[{\"status\":\"ended\",\"period_end\":9},{\"status\":\"active\",\"period_end\":"
      "null}]",
      "period_end", "NULL" },
    { "subscription.updated",
      "\"items\":[{\"status\":\"past_due\",\"plan\":{\"slug\":\"pro\"}},{\"status\":\"upcoming\"}]",
      "plan", "pro" },
    { "subscription.updated", "\"items\":[]", "plan", "NULL" },
    { "subscription.updated", "\"items\":7", "plan", "NULL" },
    { "subscription.updated", "\"payer\":{\"id\":\"cpayer_1\"}", "payer_id", "cpayer_1" },
    /* both shapes of billing */
    { "subscriptionItem.updated", "\"plan\":{\"amount\":1900}", "amount", "1900" },
    { "subscriptionItem.updated", "\"plan\":{\"amount\":{\"amount\":1900,\"currency\":\"USD\"}}",
      "amount", "1900" },
    { "subscriptionItem.updated", "\"plan\":{\"amount\":{\"amount\":1900,\"currency\":\"USD\"}}",
      "currency", "USD" },
    { "subscriptionItem.updated", "\"amount\":{\"amount\":5,\"currency\":\"EUR\"}", "amount", "5" },
    { "subscriptionItem.updated", "\"amount\":{\"amount\":5,\"currency\":\"EUR\"}", "currency",
      "EUR" },
    { "subscriptionItem.updated", "\"plan_period\":\"month\"", "interval", "month" },
    { "subscriptionItem.updated", "\"plan\":null,\"plan_id\":null", "plan_id", "NULL" },
    { "subscriptionItem.updated", "\"plan\":{\"id\":\"cplan_1\"},\"plan_id\":null", "plan_id",
      "cplan_1" },
    { "paymentAttempt.updated", "\"subscription_items\":[]", "plan", "NULL" },
    { "paymentAttempt.updated", "\"subscription_items\":[{\"plan\":{\"slug\":\"a\"}},{}]", "plan",
      "a" },
    /* memberships speak of their organization and user from inside */
    { "organizationMembership.updated", "\"organization\":{\"id\":\"org_1\"}", "organization_id",
      "org_1" },
    { "organizationMembership.updated", "\"public_user_data\":null", "user_id", "NULL" },
    { "organizationMembership.updated", "\"public_user_data\":\"x\"", "user_id", "NULL" },
};

static void values_become_columns_by_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[600];
        struct decoded d;
        (void)snprintf(body, sizeof(body), "{\"type\":\"%s\",\"data\":{\"id\":\"x_1\",%s}}",
                       cases[i].type, cases[i].members);
        d = decode_text(body);
        if (d.ev.action != EVENT_UPSERT)
            fail_msg("%s: %s", cases[i].members, d.ev.reason);
        check_column(&d.ev.row, cases[i].column, cases[i].expected);
        release(&d);
    }
}

/* The array of a user, the child's place, and whether it is the primary one. */
static void is_primary_compares_with_the_parents_choice(void **state)
{
    struct decoded d = decode_text(
        "{\"type\":\"user.updated\",\"data\":{\"id\":\"user_1\",\"primary_email_address_id\":"
        "\"e2\","
        "\"email_addresses\":[{\"id\":\"e1\",\"email_address\":\"a@x\"},"
        "{\"id\":\"e2\",\"email_address\":\"b@x\"}],"
        "\"external_accounts\":[{\"id\":\"x1\",\"email_address\":\"b@x\"},"
        "{\"id\":\"x2\",\"email_address\":\"\"},{\"id\":\"x3\"}],"
        "\"web3_wallets\":[{\"id\":\"w1\",\"web3_wallet\":\"0x1\"}]}}");
    const struct row_list *lists = d.ev.children;
    (void)state;

    check_column(&lists[0].rows[0], "is_primary", "0");
    check_column(&lists[0].rows[1], "is_primary", "1");
    check_column(&lists[2].rows[0], "is_primary", "0");
    check_column(&lists[3].rows[0], "is_primary", "1");
    check_column(&lists[3].rows[1], "is_primary", "0");
    check_column(&lists[3].rows[2], "is_primary", "0");
    release(&d);
}

static void values_outlive_everything_but_the_event_and_its_source(void **state)
{
    struct decoded first = decode_sample("user.updated");
    struct decoded second = decode_sample("user.created");
    (void)state;

    release(&second);
    check_column(&first.ev.row, "email", "mara.lindqvist@example.com");
    check_column(&first.ev.children[0].rows[1], "email_address", "m.ek@example.org");
    release(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_columns_by_rule),
        cmocka_unit_test(is_primary_compares_with_the_parents_choice),
        cmocka_unit_test(values_outlive_everything_but_the_event_and_its_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
