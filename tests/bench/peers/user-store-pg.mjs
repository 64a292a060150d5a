// What worker-pg.mjs does with a batch of user events, in clerk-worker's own tables: the same as user-store.mjs, a statement a table
// instead of a statement a row. Rows are sorted by their key, so that two workers do not wait for each other in a circle.
import pg from 'pg';
import { EMAIL_COLUMNS, USER_COLUMNS, emailRows, userRow } from './user-rows.mjs';

const NUMBERS = new Set(['banned', 'locked', 'password_enabled', 'two_factor_enabled', 'last_sign_in_at', 'last_active_at', 'verified',
    'is_primary', 'created_at', 'updated_at', 'event_at', 'received_at', 'processed_at']);
const LEDGER_COLUMNS = ['svix_id', 'type', 'clerk_id', 'instance_id', 'event_at', 'received_at', 'processed_at', 'outcome'];
const unnest = (columns) => `unnest(${columns.map((c, i) => `$${i + 1}::${NUMBERS.has(c) ? 'bigint' : 'text'}[]`).join(', ')})`;
const insert = (table, columns) => `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM ${unnest(columns)}`;

function upsert(table, columns, guard) {
    const set = columns.slice(1).map((c) => `${c} = excluded.${c}`).join(', ');
    return `${insert(table, columns)} ON CONFLICT (clerk_id) DO UPDATE SET ${set} WHERE ${guard} RETURNING clerk_id, xmax = 0 AS is_new`;
}

const STATEMENTS = {
    ledger: `${insert('webhook_events', LEDGER_COLUMNS)} ON CONFLICT DO NOTHING RETURNING svix_id`,
    tombstones: 'SELECT clerk_id FROM tombstones WHERE clerk_id = ANY ($1::text[])',
    users: upsert('users', USER_COLUMNS,
        '(excluded.event_at, COALESCE(excluded.updated_at, 0)) >= (users.event_at, COALESCE(users.updated_at, 0))'),
    emails: upsert('user_emails', EMAIL_COLUMNS, 'excluded.event_at >= user_emails.event_at'),
    trim: 'DELETE FROM user_emails WHERE user_id = ANY ($1::text[]) AND clerk_id <> ALL ($2::text[])',
};

// One row for each key, the last one, in the order of the keys.
function folded(rows) {
    const byKey = new Map(rows.map((row) => [row[0], row]));
    return [...byKey.keys()].sort().map((key) => byKey.get(key));
}

const columnsOf = (rows) => rows[0].map((_, i) => rows.map((row) => row[i]));

export class PgUserStore {
    static async connect(address, schema) {
        const store = new PgUserStore();
        store.db = new pg.Client({ connectionString: address, options: `-c search_path=${schema}` });
        await store.db.connect();
        return store;
    }

    // The rows that a statement returned.
    async run(name, values) {
        return (await this.db.query({ name, text: STATEMENTS[name], values })).rows;
    }

    async applyAll(events) {
        await this.db.query('BEGIN');
        try {
            await this.apply(events);
            await this.db.query('COMMIT');
        } catch (error) {
            await this.db.query('ROLLBACK');
            throw error;
        }
    }

    // Of several events of one user in a batch only the newest is written.
    async apply(events) {
        const now = Date.now();
        const ledger = folded(events.map(({ id, received, event }) => [id, event.type, event.data.id, event.instance_id, event.timestamp,
            received, now, 'applied']));
        const fresh = new Set((await this.run('ledger', columnsOf(ledger))).map((row) => row.svix_id));
        const ids = events.map(({ event }) => event.data.id);
        const dead = new Set((await this.run('tombstones', [ids])).map((row) => row.clerk_id));
        const live = events.filter(({ id, event }) => fresh.has(id) && !dead.has(event.data.id))
            .sort((a, b) => a.event.timestamp - b.event.timestamp || a.event.data.updated_at - b.event.data.updated_at);
        if (live.length === 0) return;
        const written = await this.run('users', columnsOf(folded(live.map(({ event, raw }) => userRow(event, raw)))));
        await this.writeEmails(new Map(live.map(({ event }) => [event.data.id, event])), written);
    }

    async writeEmails(newest, written) {
        const emails = written.flatMap((row) => emailRows(newest.get(row.clerk_id)));
        if (emails.length > 0) await this.run('emails', columnsOf(folded(emails)));
        const old = written.filter((row) => !row.is_new).map((row) => row.clerk_id);
        if (old.length > 0) await this.run('trim', [old, emails.map(([id]) => id)]);
    }
}
