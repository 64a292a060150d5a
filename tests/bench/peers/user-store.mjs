// What both Node workers do with a user event, in clerk-worker's own tables: ledger, tombstones, the user, the user's e-mail
// addresses. Statements are prepared once. Guarded as ours: a repeat does nothing, an older event does not overwrite.
import Database from 'better-sqlite3';

const USER_COLUMNS = ['clerk_id', 'email', 'phone', 'username', 'first_name', 'last_name', 'image_url', 'external_id', 'locale',
    'public_metadata', 'private_metadata', 'unsafe_metadata', 'banned', 'locked', 'password_enabled', 'two_factor_enabled',
    'last_sign_in_at', 'last_active_at', 'data', 'created_at', 'updated_at', 'event_at'];
const EMAIL_COLUMNS = ['clerk_id', 'user_id', 'email_address', 'verified', 'is_primary', 'data', 'created_at', 'updated_at', 'event_at'];

function upsert(db, table, columns, guard) {
    const set = columns.slice(1).map((c) => `${c} = excluded.${c}`).join(', ');
    const values = columns.map(() => '?').join(', ');
    return db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})
        ON CONFLICT (clerk_id) DO UPDATE SET ${set} WHERE ${guard}`);
}

export class UserStore {
    constructor(path) {
        this.db = new Database(path);
        this.db.pragma('journal_mode = WAL');
        this.db.pragma('synchronous = FULL');
        this.db.pragma('cache_size = -32768');
        this.db.pragma('wal_autocheckpoint = 2048');
        this.ledger = this.db.prepare(`INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, received_at,
            processed_at, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, 'applied') ON CONFLICT DO NOTHING`);
        this.tombstone = this.db.prepare('SELECT 1 FROM tombstones WHERE clerk_id = ?').pluck();
        this.user = upsert(this.db, 'users', USER_COLUMNS,
            '(excluded.event_at, COALESCE(excluded.updated_at, 0)) >= (users.event_at, COALESCE(users.updated_at, 0))');
        this.email = upsert(this.db, 'user_emails', EMAIL_COLUMNS, 'excluded.event_at >= user_emails.event_at');
        this.trim = this.db.prepare('DELETE FROM user_emails WHERE user_id = ? AND clerk_id NOT IN (SELECT value FROM json_each(?))');
        this.applyAll = this.db.transaction((events) => events.forEach((e) => this.apply(e))).immediate;
    }

    // event: { id, received, event, raw }; raw is the text kept in "data".
    apply({ id, received, event, raw }) {
        const { data, timestamp } = event;
        const fresh = this.ledger.run(id, event.type, data.id, event.instance_id, timestamp, received, Date.now());
        if (fresh.changes === 0 || this.tombstone.get(data.id)) return;
        const primary = data.email_addresses.find((e) => e.id === data.primary_email_address_id);
        const phone = data.phone_numbers.find((p) => p.id === data.primary_phone_number_id);
        const kept = this.user.run(data.id, primary?.email_address ?? null, phone?.phone_number ?? null, data.username, data.first_name,
            data.last_name, data.image_url, data.external_id, data.locale ?? null, JSON.stringify(data.public_metadata),
            JSON.stringify(data.private_metadata), JSON.stringify(data.unsafe_metadata), data.banned ? 1 : 0, data.locked ? 1 : 0,
            data.password_enabled ? 1 : 0, data.two_factor_enabled ? 1 : 0, data.last_sign_in_at, data.last_active_at, raw,
            data.created_at, data.updated_at, timestamp);
        if (kept.changes === 0) return;
        for (const e of data.email_addresses) {
            this.email.run(e.id, data.id, e.email_address, e.verification?.status === 'verified' ? 1 : 0,
                e.id === data.primary_email_address_id ? 1 : 0, JSON.stringify(e), e.created_at, e.updated_at, timestamp);
        }
        this.trim.run(data.id, JSON.stringify(data.email_addresses.map((e) => e.id)));
    }
}
