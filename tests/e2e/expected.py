"""What the columns must hold, read from the payload by a second, independent hand."""

SECRET_PATHS = {
    "email": ["body", "body_plain", "subject", "data"],
    "sms": ["message", "data"],
    "invitation": ["url"],
    "organizationInvitation": ["url"],
}


def path(data, name):
    """data["a"]["b"] for "a.b"; None where it ends early; "" counts as null, as billing sends it."""
    for key in name.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return None if data == "" else data


def primary(data, array, value):
    """The element of the array that primary_<value>_id names."""
    wanted = data.get(f"primary_{value}_id")
    return next((e[value] for e in data.get(array) or [] if e["id"] == wanted), None)


def same(*names):
    return {name: name for name in names}


BILLING = {"user_id": "payer.user_id", "organization_id": "payer.organization_id", "status": "status"}
TABLES = {
    "user": ("users", same("username", "first_name", "last_name", "image_url", "external_id", "locale", "public_metadata",
                           "private_metadata", "unsafe_metadata", "banned", "locked", "password_enabled", "two_factor_enabled",
                           "last_sign_in_at", "last_active_at")),
    "organization": ("organizations", same("name", "slug", "image_url", "created_by", "members_count",
                                           "max_allowed_memberships", "public_metadata", "private_metadata")),
    "organizationMembership": ("organization_memberships", {
        "organization_id": "organization.id", "user_id": "public_user_data.user_id",
        **same("role", "role_name", "permissions", "public_metadata", "private_metadata")}),
    "organizationInvitation": ("organization_invitations", same("organization_id", "email_address", "role", "status", "user_id",
                                                                "expires_at", "public_metadata", "private_metadata")),
    "organizationDomain": ("organization_domains", same("organization_id", "name", "enrollment_mode")),
    "session": ("sessions", same("user_id", "client_id", "status", "actor", "last_active_organization_id", "last_active_at",
                                 "expire_at", "abandon_at")),
    "role": ("roles", same("key", "name", "description", "permissions")),
    "permission": ("permissions", same("key", "name", "description", "type")),
    "invitation": ("invitations", same("email_address", "status", "public_metadata", "expires_at")),
    "waitlistEntry": ("waitlist_entries", same("email_address", "status")),
    "email": ("emails", same("user_id", "to_email_address", "slug", "status", "delivered_by_clerk")),
    "sms": ("sms_messages", same("user_id", "to_phone_number", "slug", "status", "delivered_by_clerk")),
    "subscription": ("subscriptions", BILLING),
    "subscriptionItem": ("subscription_items", BILLING),
    "paymentAttempt": ("payment_attempts", BILLING),
}
USER_CHILDREN = {
    "user_emails": ("email_addresses", "email_address"),
    "user_phones": ("phone_numbers", "phone_number"),
    "user_wallets": ("web3_wallets", "web3_wallet"),
    "user_external_accounts": ("external_accounts", "provider_user_id"),
}


def table_of(event_type):
    prefix = event_type.partition(".")[0]
    return TABLES[prefix] if prefix in TABLES else ("other_objects", same("object"))


def columns(event):
    """column -> value as decoded from the payload (objects stay objects)."""
    data = event["data"]
    found = {column: path(data, where) for column, where in table_of(event["type"])[1].items()}
    found |= {"clerk_id": data["id"], "event_at": event["timestamp"], "updated_at": data.get("updated_at"),
              "created_at": data.get("created_at", data.get("created_at_ms")), "deleted_at": None}
    if event["type"].startswith("user."):
        found["email"] = primary(data, "email_addresses", "email_address")
        found["phone"] = primary(data, "phone_numbers", "phone_number")
    return found


def without_secrets(event):
    """data as it may be stored."""
    data = dict(event["data"])
    for name in SECRET_PATHS.get(event["type"].partition(".")[0], []):
        data.pop(name, None)
    return data
