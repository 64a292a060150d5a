#include "tests/unit/event_fixture.h"

/* Every sample, and what chosen columns of it become. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MARA     "user_3IioYv5sxdCaP5bMUgMdw90eoAO"
#define TOMAS    "user_3IitQV6vnN34i1lmOF7u79p9bM3"
#define NORRSKEN "org_3Iiqzi1Wr7D8KigrjGjfeeRmKAm"

static const char *const variants[] = {
    "role.deleted.full-object",
    "subscriptionItem.past_due.alias",
    "unknown.type",
    "user.created.google",
    "user.created.phone-only",
    "user.deleted.no-external-id",
    "user.updated.banned",
    "user.updated.locked",
    "user.updated.max-metadata",
};

static struct decoded decode_variant(const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "tests/fixtures/variants/%s.json", name);
    return decode_file(path);
}

/* Calls visit for the sample of each type that the catalog knows; returns how many there are. */
static size_t for_each_sample(void (*visit)(const char *type, struct decoded d, void *arg),
                              void *arg)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < catalog_object_count; i++) {
        for (const char *const *event = catalog_objects[i].events; *event; event++, count++) {
            char type[64];
            (void)snprintf(type, sizeof(type), "%s.%s", catalog_objects[i].prefix, *event);
            visit(type, decode_sample(type), arg);
        }
    }
    return count;
}

static void check_applied(const char *type, struct decoded d, void *arg)
{
    bool is_delete = catalog_is_delete(slice_of(type));
    (void)arg;

    if (d.ev.action != (is_delete ? EVENT_DELETE : EVENT_UPSERT))
        fail_msg("%s: action %d, %s", type, (int)d.ev.action, d.ev.reason);
    check_slice(d.ev.type, type);
    check_slice(d.ev.instance_id, "ins_30UzB3XgSs2OPBVWe6wPwX83Uhu");
    assert_true(d.ev.event_at > 1786000000000 && d.ev.event_at < 1793000000000);
    assert_int_equal(d.ev.row.event_at, d.ev.event_at);
    assert_ptr_equal(d.ev.row.clerk_id.ptr, d.ev.clerk_id.ptr);
    release(&d);
}

static void every_sample_can_be_applied(void **state)
{
    (void)state;
    assert_int_equal(for_each_sample(check_applied, NULL), 51);
}

static void every_variant_can_be_applied(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(variants); i++) {
        struct decoded d = decode_variant(variants[i]);
        if (d.ev.action != EVENT_UPSERT && d.ev.action != EVENT_DELETE)
            fail_msg("%s: %s", variants[i], d.ev.reason);
        release(&d);
    }
}

static const struct {
    const char *type, *column, *expected;
} cases[] = {
    { "user.updated", "email", "mara.lindqvist@example.com" },
    { "user.updated", "phone", "+46701740605" },
    { "user.updated", "username", "maraek" },
    { "user.updated", "last_name", "Lindqvist-Ek" },
    { "user.updated", "external_id", "crm-88213" },
    { "user.updated", "locale", "sv-SE" },
    { "user.updated", "banned", "0" },
    { "user.updated", "two_factor_enabled", "1" },
    { "user.updated", "last_sign_in_at", "1788264600000" },
    { "user.created", "phone", "NULL" },
    { "user.created", "username", "NULL" },
    { "user.created", "public_metadata", "{}" },
    { "organization.created", "name", "Norrsken Labs" },
    { "organization.created", "created_by", MARA },
    { "organization.created", "members_count", "NULL" },
    { "organization.created", "max_allowed_memberships", "25" },
    { "organizationMembership.created", "organization_id", NORRSKEN },
    { "organizationMembership.created", "user_id", TOMAS },
    { "organizationMembership.created", "role", "org:member" },
    { "organizationMembership.created", "role_name", "Member" },
    { "organizationInvitation.accepted", "user_id", TOMAS },
    { "organizationInvitation.accepted", "organization_id", NORRSKEN },
    { "organizationInvitation.accepted", "status", "accepted" },
    { "organizationInvitation.created", "user_id", "NULL" },
    { "organizationDomain.created", "verified", "0" },
    { "organizationDomain.updated", "verified", "1" },
    { "organizationDomain.updated", "enrollment_mode", "automatic_suggestion" },
    { "session.created", "user_id", MARA },
    { "session.created", "status", "active" },
    { "session.created", "actor", "NULL" },
    { "session.created", "abandon_at", "1790848800500" },
    { "session.pending", "status", "pending" },
    { "role.updated", "key", "org:analyst" },
    { "permission.updated", "type", "custom" },
    { "invitation.created", "expires_at", "1789120800000" },
    { "waitlistEntry.updated", "status", "invited" },
    { "waitlistEntry.updated", "is_locked", "0" },
    { "email.created", "user_id", "NULL" },
    { "email.created", "slug", "verification_code" },
    { "email.created", "delivered_by_clerk", "1" },
    { "sms.created", "user_id", MARA },
    { "sms.created", "to_phone_number", "+46701740605" },
    { "subscription.updated", "user_id", MARA },
    { "subscription.updated", "organization_id", "NULL" },
    { "subscription.updated", "plan", "pro" }, /* the active item, which is the second */
    { "subscription.updated", "amount", "1900" },
    { "subscription.updated", "period_end", "1790860200000" },
    { "subscriptionItem.updated", "quantity", "5" },
    { "subscriptionItem.updated", "currency", "USD" },
    { "subscriptionItem.updated", "is_free_trial", "0" },
    { "subscriptionItem.updated", "subscription_id", "csub_3IioYsD58V4dnYNU6PHchU0N2gC" },
    { "subscriptionItem.freeTrialEnding", "user_id", "NULL" }, /* "" in the payload */
    { "subscriptionItem.freeTrialEnding", "is_free_trial", "1" },
    { "subscriptionItem.pastDue", "status", "past_due" },
    { "paymentAttempt.updated", "amount", "2375" },
    { "paymentAttempt.updated", "subtotal", "1900" },
    { "paymentAttempt.updated", "tax_total", "475" },
    { "paymentAttempt.updated", "plan", "pro" },
    { "paymentAttempt.updated", "paid_at", "1788268260000" },
    { "paymentAttempt.updated", "failed_reason", "NULL" },
    { "paymentAttempt.updated", "organization_id", "NULL" },
};

static void chosen_columns_of_samples_have_their_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct decoded d = decode_sample(cases[i].type);
        check_column(&d.ev.row, cases[i].column, cases[i].expected);
        release(&d);
    }
}

/* Which columns have been filled by any sample or variant. */
struct coverage {
    bool seen[64][64];
};

static void cover_row(struct coverage *coverage, const struct row *row)
{
    size_t table = 0;

    while (catalog_tables[table] != row->table)
        table++;
    for (size_t i = 0; row->values && i < row->table->column_count; i++)
        if (row->values[i].kind != VALUE_NULL)
            coverage->seen[table][i] = true;
}

static void cover_event(const char *type, struct decoded d, void *arg)
{
    struct coverage *coverage = arg;
    (void)type;

    cover_row(coverage, &d.ev.row);
    for (size_t i = 0; d.ev.children && i < d.ev.object->child_count; i++)
        for (size_t r = 0; r < d.ev.children[i].count; r++)
            cover_row(coverage, &d.ev.children[i].rows[r]);
    release(&d);
}

/* What no sample fills; test_event_columns.c has payloads that do. */
static bool may_stay_empty(const char *table, const char *column)
{
    static const char *const exceptions[][2] = {
        { "organizations", "members_count" }, /* only in nested copies */
        { "sessions", "actor" },
        { "emails", "user_id" },
        { "subscriptions", "organization_id" },
        { "subscriptions", "canceled_at" },
        { "subscriptions", "ended_at" },
        { "payment_attempts", "organization_id" },
        { "payment_attempts", "failed_at" },
        { "payment_attempts", "failed_reason" },
    };

    for (size_t i = 0; i < COUNT(exceptions); i++)
        if (strcmp(table, exceptions[i][0]) == 0 && strcmp(column, exceptions[i][1]) == 0)
            return true;
    return false;
}

static void every_column_is_filled_by_some_sample(void **state)
{
    struct coverage coverage = { { { false } } };
    size_t surprises = 0;
    (void)state;

    (void)for_each_sample(cover_event, &coverage);
    for (size_t i = 0; i < COUNT(variants); i++)
        cover_event(variants[i], decode_variant(variants[i]), &coverage);
    for (size_t t = 0; t < catalog_table_count; t++) {
        const struct catalog_table *table = catalog_tables[t];
        for (size_t i = 0; i < table->column_count; i++) {
            const char *name = table->columns[i].name;
            if (coverage.seen[t][i] != may_stay_empty(table->name, name))
                continue;
            print_error("%s.%s: filled: %d\n", table->name, name, (int)coverage.seen[t][i]);
            surprises++;
        }
    }
    assert_int_equal(surprises, 0);
}

static void children_of_a_full_user_are_all_there(void **state)
{
    struct decoded d = decode_sample("user.updated");
    const struct row *emails = d.ev.children[0].rows;
    (void)state;

    assert_int_equal(d.ev.children[0].count, 2);
    check_slice(emails[0].clerk_id, "idn_3IioYvxwHMFfbZHesG481xJYNIM");
    check_column(&emails[0], "user_id", MARA);
    check_column(&emails[0], "is_primary", "1");
    check_column(&emails[1], "email_address", "m.ek@example.org");
    check_column(&emails[1], "verified", "1");
    check_column(&emails[1], "is_primary", "0");
    check_column(&d.ev.children[1].rows[0], "is_primary", "1");
    check_column(&d.ev.children[2].rows[0], "is_primary", "1");
    check_column(&d.ev.children[3].rows[0], "provider", "oauth_google");
    check_column(&d.ev.children[3].rows[0], "is_primary", "1");
    release(&d);
}

static void data_is_byte_for_byte_what_was_received(void **state)
{
    struct decoded d = decode_sample("organization.created");
    (void)state;

    assert_true(d.ev.row.data.ptr > d.body && d.ev.row.data.ptr < d.body + d.len);
    assert_true(slice_starts_with(d.ev.row.data, SLICE("{")));
    assert_true(slice_ends_with(d.ev.row.data, SLICE("}")));
    release(&d);
}

static void text_messages_are_created_at_either_key(void **state)
{
    struct decoded d = decode_sample("sms.created");
    struct decoded other = decode_text(
        "{\"type\":\"sms.created\",\"timestamp\":1788264900011,"
        "\"data\":{\"id\":\"sms_1\",\"created_at_ms\":1788264900000}}");
    (void)state;

    assert_int_equal(d.ev.row.created_at.number, 1788264900000);
    assert_int_equal(other.ev.row.created_at.number, 1788264900000);
    assert_int_equal(other.ev.row.updated_at.kind, VALUE_NULL);
    release(&d);
    release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_can_be_applied),
        cmocka_unit_test(every_variant_can_be_applied),
        cmocka_unit_test(chosen_columns_of_samples_have_their_values),
        cmocka_unit_test(every_column_is_filled_by_some_sample),
        cmocka_unit_test(children_of_a_full_user_are_all_there),
        cmocka_unit_test(data_is_byte_for_byte_what_was_received),
        cmocka_unit_test(text_messages_are_created_at_either_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
