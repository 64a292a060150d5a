// The careful Node worker: batches from the consumer group, one transaction for each, acknowledged after the commit.
import { Redis } from 'ioredis';
import { decode } from './user-rows.mjs';
import { UserStore } from './user-store.mjs';

const [KEY, GROUP, ME] = ['clerk:events', 'workers', 'node'];
const redis = new Redis(process.env.REDIS_URL);
const store = new UserStore(process.env.DATABASE);

await redis.xgroup('CREATE', KEY, GROUP, '0', 'MKSTREAM').catch(() => {});
console.error('ready');
for (;;) {
    const reply = await redis.xreadgroup('GROUP', GROUP, ME, 'COUNT', 500, 'BLOCK', 1000, 'STREAMS', KEY, '>');
    if (!reply) continue;
    const entries = reply[0][1];
    store.applyAll(entries.map(decode));
    const ids = entries.map(([id]) => id);
    await redis.multi().xack(KEY, GROUP, ...ids).xdel(KEY, ...ids).exec();
}
