#ifndef CLERK_CATALOG_TABLES_H
#define CLERK_CATALOG_TABLES_H

#include "worker/catalog.h"

/* The tables by name, for the list of objects in catalog.c. Everybody else goes through
 * catalog_find() and catalog_tables[]. The order of the columns inside a table is a contract with
 * every application that reads the database: new columns come last, none is renamed. */

/* Users, and what hangs on a user and is replaced with it: child tables, filled from arrays of the
 * user object. */
extern const struct catalog_table catalog_users;
extern const struct catalog_table catalog_user_emails;
extern const struct catalog_table catalog_user_phones;
extern const struct catalog_table catalog_user_wallets;
extern const struct catalog_table catalog_user_external_accounts;

/* Organizations, and what ties users to them. Each of these comes in events of its own. */
extern const struct catalog_table catalog_organizations;
extern const struct catalog_table catalog_organization_memberships;
extern const struct catalog_table catalog_organization_invitations;
extern const struct catalog_table catalog_organization_domains;

/* Sessions: one row for each, whatever becomes of it; the user embedded in it is not applied. */
extern const struct catalog_table catalog_sessions;

/* What an instance has once: roles and permissions. */
extern const struct catalog_table catalog_roles;
extern const struct catalog_table catalog_permissions;

/* Who may become a user: invitations to the application, and its waitlist. */
extern const struct catalog_table catalog_invitations;
extern const struct catalog_table catalog_waitlist_entries;

/* That a message was sent, never what it said. */
extern const struct catalog_table catalog_emails;
extern const struct catalog_table catalog_sms_messages;

/* Billing: stays when its payer is deleted, for the books. */
extern const struct catalog_table catalog_subscriptions;
extern const struct catalog_table catalog_subscription_items;
extern const struct catalog_table catalog_payment_attempts;

/* Whatever the catalog does not know, so that nothing is lost for being new. */
extern const struct catalog_table catalog_other_objects;

#endif
