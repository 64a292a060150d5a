#include "worker/catalog.h"

#include <assert.h>
#include <string.h>

#include "worker/catalog_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIST(...)    ((const char *const[]){ __VA_ARGS__, NULL })

static const struct catalog_child user_children[] = {
    { "email_addresses", &catalog_user_emails, "email_address" },
    { "phone_numbers", &catalog_user_phones, "phone_number" },
    { "web3_wallets", &catalog_user_wallets, "web3_wallet" },
    { "external_accounts", &catalog_user_external_accounts, "provider_user_id" },
};

static const char *const no_secrets[] = { NULL };

/* A type that appears tomorrow is stored before anybody has judged it, so every name that has ever
 * carried a secret is left out of it. */
static const char *const likely_secrets[] = { "secret",  "token",        "password",   "url",
                                              "body",    "backup_codes", "body_plain", "subject",
                                              "message", "code",         "otp_code",   NULL };

const struct catalog_object catalog_objects[] = {
    { "user", &catalog_users, user_children, COUNT(user_children),
      LIST("phone_numbers[].backup_codes"), LIST("created", "updated", "deleted") },
    { "organization", &catalog_organizations, NULL, 0, no_secrets,
      LIST("created", "updated", "deleted") },
    { "organizationMembership", &catalog_organization_memberships, NULL, 0, no_secrets,
      LIST("created", "updated", "deleted") },
    { "organizationInvitation", &catalog_organization_invitations, NULL, 0, LIST("url"),
      LIST("created", "accepted", "revoked") },
    { "organizationDomain", &catalog_organization_domains, NULL, 0, no_secrets,
      LIST("created", "updated", "deleted") },
    { "session", &catalog_sessions, NULL, 0, LIST("user.phone_numbers[].backup_codes"),
      LIST("created", "ended", "removed", "revoked", "pending", "updated") },
    { "role", &catalog_roles, NULL, 0, no_secrets, LIST("created", "updated", "deleted") },
    { "permission", &catalog_permissions, NULL, 0, no_secrets,
      LIST("created", "updated", "deleted") },
    { "invitation", &catalog_invitations, NULL, 0, LIST("url"),
      LIST("created", "accepted", "revoked") },
    { "waitlistEntry", &catalog_waitlist_entries, NULL, 0, LIST("invitation.url"),
      LIST("created", "updated") },
    { "email", &catalog_emails, NULL, 0, LIST("body", "body_plain", "subject", "data"),
      LIST("created") },
    { "sms", &catalog_sms_messages, NULL, 0, LIST("message", "data"), LIST("created") },
    { "subscription", &catalog_subscriptions, NULL, 0, no_secrets,
      LIST("created", "updated", "active", "pastDue") },
    { "subscriptionItem", &catalog_subscription_items, NULL, 0, no_secrets,
      LIST("created", "updated", "active", "canceled", "upcoming", "ended", "abandoned",
           "incomplete", "pastDue", "freeTrialEnding", "expired") },
    { "paymentAttempt", &catalog_payment_attempts, NULL, 0, no_secrets,
      LIST("created", "updated") },
    { NULL, &catalog_other_objects, NULL, 0, likely_secrets, no_secrets },
};
const size_t catalog_object_count = COUNT(catalog_objects);

const struct catalog_table *const catalog_tables[] = {
    &catalog_users,
    &catalog_user_emails,
    &catalog_user_phones,
    &catalog_user_wallets,
    &catalog_user_external_accounts,
    &catalog_organizations,
    &catalog_organization_memberships,
    &catalog_organization_invitations,
    &catalog_organization_domains,
    &catalog_sessions,
    &catalog_roles,
    &catalog_permissions,
    &catalog_invitations,
    &catalog_waitlist_entries,
    &catalog_emails,
    &catalog_sms_messages,
    &catalog_subscriptions,
    &catalog_subscription_items,
    &catalog_payment_attempts,
    &catalog_other_objects,
};
const size_t catalog_table_count = COUNT(catalog_tables);

/* Names of the billing announcement of 2025-07-02, and of an old event catalog; renamed since. */
static const struct {
    const char *alias;
    const char *canonical;
} aliases[] = {
    { "subscription.past_due", "subscription.pastDue" },
    { "subscriptionItem.past_due", "subscriptionItem.pastDue" },
    { "user.createdAtEdge", "user.created" },
};

struct slice catalog_canonical_type(struct slice type)
{
    for (size_t i = 0; i < COUNT(aliases); i++)
        if (slice_equals(type, slice_of(aliases[i].alias)))
            return slice_of(aliases[i].canonical);
    return type;
}

/* Cuts a type at its last dot, so that "user.passkey.deleted" is never taken for a user. Without a
 * dot all of it is the prefix. */
static void split_type(struct slice type, struct slice *ret_prefix, struct slice *ret_suffix)
{
    size_t dot = type.len;
    while (dot > 0 && type.ptr[dot - 1] != '.')
        dot--;
    *ret_prefix = (struct slice){ type.ptr, dot > 0 ? dot - 1 : type.len };
    *ret_suffix = (struct slice){ dot > 0 ? type.ptr + dot : NULL, dot > 0 ? type.len - dot : 0 };
}

const struct catalog_object *catalog_find(struct slice type)
{
    struct slice prefix, suffix;
    split_type(type, &prefix, &suffix);
    size_t i = 0;
    while (catalog_objects[i].prefix && !slice_equals(prefix, slice_of(catalog_objects[i].prefix)))
        i++;
    return &catalog_objects[i];
}

bool catalog_knows_type(struct slice type)
{
    struct slice prefix, suffix;
    split_type(type, &prefix, &suffix);
    for (const char *const *event = catalog_find(type)->events; *event; event++)
        if (slice_equals(suffix, slice_of(*event)))
            return true;
    return false;
}

bool catalog_is_delete(struct slice type)
{
    struct slice prefix, suffix;
    split_type(type, &prefix, &suffix);
    return slice_equals(suffix, SLICE("deleted"));
}

size_t catalog_table_index(const struct catalog_table *table)
{
    size_t i = 0;
    while (i < catalog_table_count && catalog_tables[i] != table)
        i++;
    assert(i < catalog_table_count);
    return i;
}

size_t catalog_column_index(const struct catalog_table *table, const char *name)
{
    size_t i = 0;
    while (i < table->column_count && strcmp(table->columns[i].name, name) != 0)
        i++;
    return i;
}

bool catalog_is_number(enum column_kind kind)
{
    return kind == COLUMN_INT || kind == COLUMN_BOOL || kind == COLUMN_IS_PRIMARY ||
           kind == COLUMN_VERIFIED;
}

enum catalog_reach catalog_reach(const struct catalog_table *deleted,
                                 const struct catalog_table *other)
{
    if (deleted == &catalog_users && other->user_column)
        return CATALOG_OF_USER;
    if (deleted == &catalog_organizations && other->organization_column)
        return CATALOG_OF_ORGANIZATION;
    return CATALOG_NOTHING;
}
