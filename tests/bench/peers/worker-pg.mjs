// The careful Node worker on PostgreSQL: batches from the consumer group, one transaction for each, multi-row statements that take
// an array for each column and are prepared once, acknowledged after the commit.
import { Redis } from 'ioredis';
import { PgUserStore } from './user-store-pg.mjs';
import { decode } from './user-rows.mjs';

const [KEY, GROUP, ME] = ['clerk:events', 'workers', 'node'];
const redis = new Redis(process.env.REDIS_URL);
const store = await PgUserStore.connect(process.env.DATABASE, process.env.SCHEMA);

await redis.xgroup('CREATE', KEY, GROUP, '0', 'MKSTREAM').catch(() => {});
console.error('ready');
for (;;) {
    const reply = await redis.xreadgroup('GROUP', GROUP, ME, 'COUNT', 500, 'BLOCK', 1000, 'STREAMS', KEY, '>');
    if (!reply) continue;
    const entries = reply[0][1];
    await store.applyAll(entries.map(decode));
    const ids = entries.map(([id]) => id);
    await redis.multi().xack(KEY, GROUP, ...ids).xdel(KEY, ...ids).exec();
}
