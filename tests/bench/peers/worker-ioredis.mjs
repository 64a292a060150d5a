// The careful Node worker: batches from the consumer group, one transaction for each, acknowledged after the commit.
import { Redis } from 'ioredis';
import { UserStore } from './user-store.mjs';

const [KEY, GROUP, ME] = ['clerk:events', 'workers', 'node'];
const redis = new Redis(process.env.REDIS_URL);
const store = new UserStore(process.env.DATABASE);

// "data" holds the object alone, as in ours; a parsed tree does not tell where in the text it was, so it is printed again.
function decode([, [, id, , , , , , received, , raw]]) {
    const event = JSON.parse(raw);
    return { id, received: Number(received), event, raw: JSON.stringify(event.data) };
}

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
