#include "worker/catalog_tables.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
/* Columns that are named like the key they come from. */
#define TEXT(key, help) { key, key, COLUMN_TEXT, NULL, help }
#define ID(key, help)   { key, key, COLUMN_ID, NULL, help }
#define INT(key, help)  { key, key, COLUMN_INT, NULL, help }
#define BOOL(key, help) { key, key, COLUMN_BOOL, NULL, help }
#define JSON(key, help) { key, key, COLUMN_JSON, NULL, help }

/* Columns that come from elsewhere in the payload. */
#define FROM(name, path, kind, help) { name, path, kind, NULL, help }
#define PARENT                       FROM("user_id", "$parent", COLUMN_ID, "the user it belongs to")
#define VERIFIED(path)               FROM("verified", path, COLUMN_VERIFIED, NULL)
#define IS_PRIMARY(key, primary)     { "is_primary", key, COLUMN_IS_PRIMARY, primary, NULL }

#define TABLE(name, columns, user, organization, child) \
    { name, columns, COUNT(columns), user, organization, child }
/* clang-format on */

static const struct catalog_primary primary_email = { "email_addresses", "primary_email_address_id",
                                                      "email_address" };
static const struct catalog_primary primary_phone = { "phone_numbers", "primary_phone_number_id",
                                                      "phone_number" };
static const struct catalog_primary primary_wallet = { "web3_wallets", "primary_web3_wallet_id",
                                                       "web3_wallet" };

static const struct catalog_column users[] = {
    { "email", NULL, COLUMN_PRIMARY, &primary_email, "the primary address; NULL: none" },
    { "phone", NULL, COLUMN_PRIMARY, &primary_phone, "the primary number; NULL: none" },
    TEXT("username", NULL),
    TEXT("first_name", NULL),
    TEXT("last_name", NULL),
    TEXT("image_url", NULL),
    TEXT("external_id", "your own id, as given to Clerk"),
    TEXT("locale", NULL),
    JSON("public_metadata", NULL),
    JSON("private_metadata", NULL),
    JSON("unsafe_metadata", "written by the browser: never trust it"),
    BOOL("banned", NULL),
    BOOL("locked", NULL),
    BOOL("password_enabled", NULL),
    BOOL("two_factor_enabled", NULL),
    INT("last_sign_in_at", NULL),
    INT("last_active_at", "to the day"),
};
const struct catalog_table catalog_users = TABLE("users", users, NULL, NULL, false);

static const struct catalog_column user_emails[] = {
    PARENT,
    TEXT("email_address", NULL),
    VERIFIED("verification.status"),
    IS_PRIMARY("email_address", &primary_email),
};
const struct catalog_table catalog_user_emails = TABLE("user_emails", user_emails, "user_id", NULL,
                                                       true);

static const struct catalog_column user_phones[] = {
    PARENT,
    TEXT("phone_number", "E.164"),
    VERIFIED("verification.status"),
    IS_PRIMARY("phone_number", &primary_phone),
};
const struct catalog_table catalog_user_phones = TABLE("user_phones", user_phones, "user_id", NULL,
                                                       true);

static const struct catalog_column user_wallets[] = {
    PARENT,
    TEXT("web3_wallet", NULL),
    VERIFIED("verification.status"),
    IS_PRIMARY("web3_wallet", &primary_wallet),
};
const struct catalog_table catalog_user_wallets = TABLE("user_wallets", user_wallets, "user_id",
                                                        NULL, true);

/* Clerk marks no linked account as primary; the one with the user's primary address is. */
static const struct catalog_column user_external_accounts[] = {
    PARENT,
    TEXT("provider", "for instance oauth_google"),
    TEXT("provider_user_id", "the user's id at the provider"),
    TEXT("email_address", NULL),
    VERIFIED("verification.status"),
    IS_PRIMARY("email_address", &primary_email),
};
const struct catalog_table catalog_user_external_accounts = TABLE(
    "user_external_accounts", user_external_accounts, "user_id", NULL, true);

static const struct catalog_column organizations[] = {
    TEXT("name", NULL),
    TEXT("slug", NULL),
    TEXT("image_url", NULL),
    ID("created_by", "a user"),
    INT("members_count", "Clerk seldom sends it; count organization_memberships instead"),
    INT("max_allowed_memberships", "0: no limit"),
    JSON("public_metadata", NULL),
    JSON("private_metadata", NULL),
};
const struct catalog_table catalog_organizations = TABLE("organizations", organizations, NULL, NULL,
                                                         false);

static const struct catalog_column organization_memberships[] = {
    FROM("organization_id", "organization.id", COLUMN_ID, NULL),
    FROM("user_id", "public_user_data.user_id", COLUMN_ID, NULL),
    TEXT("role", "a role's key, for instance org:admin"),
    TEXT("role_name", NULL),
    JSON("permissions", "an array of permissions' keys"),
    JSON("public_metadata", NULL),
    JSON("private_metadata", NULL),
};
const struct catalog_table catalog_organization_memberships = TABLE(
    "organization_memberships", organization_memberships, "user_id", "organization_id", false);

static const struct catalog_column organization_invitations[] = {
    ID("organization_id", NULL),
    TEXT("email_address", NULL),
    TEXT("role", NULL),
    TEXT("status", "pending, accepted, revoked or expired"),
    ID("user_id", "who accepted"),
    INT("expires_at", NULL),
    JSON("public_metadata", NULL),
    JSON("private_metadata", NULL),
};
const struct catalog_table catalog_organization_invitations = TABLE(
    "organization_invitations", organization_invitations, NULL, "organization_id", false);

static const struct catalog_column organization_domains[] = {
    ID("organization_id", NULL),
    TEXT("name", NULL),
    TEXT("enrollment_mode", NULL),
    VERIFIED("ownership_verification.status|affiliation_verification.status|verification.status"),
};
const struct catalog_table catalog_organization_domains = TABLE(
    "organization_domains", organization_domains, NULL, "organization_id", false);

static const struct catalog_column sessions[] = {
    ID("user_id", NULL),
    TEXT("client_id", NULL),
    TEXT("status", "as of the last event: no event tells that a session has run out"),
    JSON("actor", "who impersonates the user"),
    ID("last_active_organization_id", NULL),
    INT("last_active_at", NULL),
    INT("expire_at", NULL),
    INT("abandon_at", NULL),
};
const struct catalog_table catalog_sessions = TABLE("sessions", sessions, "user_id", NULL, false);

static const struct catalog_column roles[] = {
    TEXT("key", "for instance org:admin"),
    TEXT("name", NULL),
    TEXT("description", NULL),
    JSON("permissions", "an array of permission objects"),
};
const struct catalog_table catalog_roles = TABLE("roles", roles, NULL, NULL, false);

static const struct catalog_column permissions[] = {
    TEXT("key", "for instance org:reports:export"),
    TEXT("name", NULL),
    TEXT("description", NULL),
    TEXT("type", "system or custom"),
};
const struct catalog_table catalog_permissions = TABLE("permissions", permissions, NULL, NULL,
                                                       false);

static const struct catalog_column invitations[] = {
    TEXT("email_address", NULL),
    TEXT("status", "pending, accepted, revoked or expired"),
    JSON("public_metadata", NULL),
    INT("expires_at", NULL),
};
const struct catalog_table catalog_invitations = TABLE("invitations", invitations, NULL, NULL,
                                                       false);

static const struct catalog_column waitlist_entries[] = {
    TEXT("email_address", NULL),
    TEXT("status", "pending, invited, rejected or completed"),
    BOOL("is_locked", NULL),
};
const struct catalog_table catalog_waitlist_entries = TABLE("waitlist_entries", waitlist_entries,
                                                            NULL, NULL, false);

static const struct catalog_column emails[] = {
    ID("user_id", "NULL during sign-up"),
    TEXT("to_email_address", NULL),
    TEXT("slug", "the template"),
    TEXT("status", NULL),
    BOOL("delivered_by_clerk", "0: the application has to send it"),
};
const struct catalog_table catalog_emails = TABLE("emails", emails, "user_id", NULL, false);

static const struct catalog_column sms_messages[] = {
    ID("user_id", "NULL during sign-up"),
    TEXT("to_phone_number", NULL),
    TEXT("slug", "the template"),
    TEXT("status", NULL),
    BOOL("delivered_by_clerk", "0: the application has to send it"),
};
const struct catalog_table catalog_sms_messages = TABLE("sms_messages", sms_messages, "user_id",
                                                        NULL, false);

/* Billing has no user_column: accounting outlives users. A subscription speaks for its active item,
 * or its first one; plan.amount is an object in the older shape of the payload. */
static const struct catalog_column subscriptions[] = {
    FROM("user_id", "payer.user_id", COLUMN_ID, "who pays, or NULL"),
    FROM("organization_id", "payer.organization_id", COLUMN_ID, "which organization pays, or NULL"),
    FROM("payer_id", "payer_id|payer.id", COLUMN_ID, NULL),
    TEXT("status", NULL),
    FROM("plan", "items[status~active].plan.slug", COLUMN_TEXT, "the plan's slug"),
    FROM("plan_id", "items[status~active].plan_id|items[status~active].plan.id", COLUMN_ID, NULL),
    FROM("amount", "items[status~active].plan.amount.amount|items[status~active].plan.amount",
         COLUMN_INT, "the plan's price in minor units"),
    FROM("currency", "items[status~active].plan.currency|items[status~active].plan.amount.currency",
         COLUMN_TEXT, NULL),
    FROM("period_start", "items[status~active].period_start", COLUMN_INT, NULL),
    FROM("period_end", "items[status~active].period_end", COLUMN_INT, "NULL: open-ended"),
    INT("active_at", NULL),
    INT("canceled_at", NULL),
    INT("ended_at", NULL),
    INT("past_due_at", NULL),
    ID("latest_payment_id", NULL),
    ID("payment_source_id", NULL),
    JSON("items", "the subscription's items as received"),
};
const struct catalog_table catalog_subscriptions = TABLE("subscriptions", subscriptions, NULL, NULL,
                                                         false);

static const struct catalog_column subscription_items[] = {
    FROM("user_id", "payer.user_id", COLUMN_ID, "who pays, or NULL"),
    FROM("organization_id", "payer.organization_id", COLUMN_ID, "which organization pays, or NULL"),
    FROM("payer_id", "payer.id|payer_id", COLUMN_ID, NULL),
    ID("subscription_id", NULL),
    TEXT("status", NULL),
    FROM("plan", "plan.slug", COLUMN_TEXT, "the plan's slug"),
    FROM("plan_id", "plan_id|plan.id", COLUMN_ID, NULL),
    FROM("amount", "plan.amount.amount|plan.amount|amount.amount", COLUMN_INT,
         "the plan's price in minor units"),
    FROM("currency", "plan.currency|plan.amount.currency|amount.currency", COLUMN_TEXT, NULL),
    FROM("interval", "interval|plan_period", COLUMN_TEXT, "month or annual"),
    BOOL("is_free_trial", NULL),
    FROM("quantity", "seats.quantity", COLUMN_INT, "seats"),
    INT("period_start", NULL),
    INT("period_end", "NULL: open-ended"),
};
const struct catalog_table catalog_subscription_items = TABLE(
    "subscription_items", subscription_items, NULL, NULL, false);

static const struct catalog_column payment_attempts[] = {
    FROM("user_id", "payer.user_id", COLUMN_ID, "who pays, or NULL"),
    FROM("organization_id", "payer.organization_id", COLUMN_ID, "which organization pays, or NULL"),
    FROM("payer_id", "payer.id|payer_id", COLUMN_ID, NULL),
    ID("payment_id", NULL),
    TEXT("status", "pending, paid or failed"),
    TEXT("charge_type", "checkout or recurring"),
    FROM("plan", "subscription_items[0].plan.slug", COLUMN_TEXT, "the first item's plan"),
    FROM("amount", "totals.grand_total.amount", COLUMN_INT, "in minor units"),
    FROM("subtotal", "totals.subtotal.amount", COLUMN_INT, "in minor units"),
    FROM("tax_total", "totals.tax_total.amount", COLUMN_INT, "in minor units"),
    FROM("currency", "totals.grand_total.currency", COLUMN_TEXT, NULL),
    FROM("period_start", "subscription_items[0].period_start", COLUMN_INT, NULL),
    FROM("period_end", "subscription_items[0].period_end", COLUMN_INT, NULL),
    INT("billing_date", NULL),
    INT("paid_at", NULL),
    INT("failed_at", NULL),
    JSON("failed_reason", NULL),
};
const struct catalog_table catalog_payment_attempts = TABLE("payment_attempts", payment_attempts,
                                                            NULL, NULL, false);

static const struct catalog_column other_objects[] = {
    TEXT("object", "Clerk's name of the object"),
    FROM("type", "$type", COLUMN_TEXT, "the last event's type"),
};
const struct catalog_table catalog_other_objects = TABLE("other_objects", other_objects, NULL, NULL,
                                                         false);
