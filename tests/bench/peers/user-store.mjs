// What both Node workers do with a user event, in clerk-worker's own tables: ledger, tombstones, the user, the user's e-mail
// addresses. Statements are prepared once. Guarded as ours: a repeat does nothing, an older event does not overwrite.
import Database from 'better-sqlite3';
import { EMAIL_COLUMNS, USER_COLUMNS, emailRows, userRow } from './user-rows.mjs';

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
        if (this.user.run(...userRow(event, raw)).changes === 0) return;
        for (const row of emailRows(event)) this.email.run(...row);
        this.trim.run(data.id, JSON.stringify(data.email_addresses.map((e) => e.id)));
    }
}
