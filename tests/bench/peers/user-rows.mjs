// What the Node workers make of a user event: the values of one row in users and of its rows in user_emails, in the order of
// these columns. "raw" is the text kept in "data".
export const USER_COLUMNS = ['clerk_id', 'email', 'phone', 'username', 'first_name', 'last_name', 'image_url', 'external_id', 'locale',
    'public_metadata', 'private_metadata', 'unsafe_metadata', 'banned', 'locked', 'password_enabled', 'two_factor_enabled',
    'last_sign_in_at', 'last_active_at', 'data', 'created_at', 'updated_at', 'event_at'];
export const EMAIL_COLUMNS = ['clerk_id', 'user_id', 'email_address', 'verified', 'is_primary', 'data', 'created_at', 'updated_at',
    'event_at'];

// "data" holds the object alone, as in ours; a parsed tree does not tell where in the text it was, so it is printed again.
export function decode([, [, id, , , , , , received, , text]]) {
    const event = JSON.parse(text);
    return { id, received: Number(received), event, raw: JSON.stringify(event.data) };
}

export function userRow({ data, timestamp }, raw) {
    const primary = data.email_addresses.find((e) => e.id === data.primary_email_address_id);
    const phone = data.phone_numbers.find((p) => p.id === data.primary_phone_number_id);
    return [data.id, primary?.email_address ?? null, phone?.phone_number ?? null, data.username, data.first_name, data.last_name,
        data.image_url, data.external_id, data.locale ?? null, JSON.stringify(data.public_metadata),
        JSON.stringify(data.private_metadata), JSON.stringify(data.unsafe_metadata), data.banned ? 1 : 0, data.locked ? 1 : 0,
        data.password_enabled ? 1 : 0, data.two_factor_enabled ? 1 : 0, data.last_sign_in_at, data.last_active_at, raw,
        data.created_at, data.updated_at, timestamp];
}

export function emailRows({ data, timestamp }) {
    return data.email_addresses.map((e) => [e.id, data.id, e.email_address, e.verification?.status === 'verified' ? 1 : 0,
        e.id === data.primary_email_address_id ? 1 : 0, JSON.stringify(e), e.created_at, e.updated_at, timestamp]);
}
