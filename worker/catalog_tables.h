#ifndef CLERK_CATALOG_TABLES_H
#define CLERK_CATALOG_TABLES_H

#include "worker/catalog.h"

/* The tables by name, for the list of objects in catalog.c. Everybody else goes through
 * catalog_find() and catalog_tables[]. The order of the columns inside a table is a contract with
 * every application that reads the database: new columns come last, none is renamed. */

extern const struct catalog_table catalog_users;
extern const struct catalog_table catalog_user_emails;
extern const struct catalog_table catalog_user_phones;
extern const struct catalog_table catalog_user_wallets;
extern const struct catalog_table catalog_user_external_accounts;
extern const struct catalog_table catalog_organizations;
extern const struct catalog_table catalog_organization_memberships;
extern const struct catalog_table catalog_organization_invitations;
extern const struct catalog_table catalog_organization_domains;
extern const struct catalog_table catalog_sessions;
extern const struct catalog_table catalog_roles;
extern const struct catalog_table catalog_permissions;
extern const struct catalog_table catalog_invitations;
extern const struct catalog_table catalog_waitlist_entries;
extern const struct catalog_table catalog_emails;
extern const struct catalog_table catalog_sms_messages;
extern const struct catalog_table catalog_subscriptions;
extern const struct catalog_table catalog_subscription_items;
extern const struct catalog_table catalog_payment_attempts;
extern const struct catalog_table catalog_other_objects;

#endif
