// A BullMQ worker with one transaction for each job, as its guides have it.
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { UserStore } from './user-store.mjs';

const store = new UserStore(process.env.DATABASE);
const worker = new Worker('clerk', async ({ data: { id, event } }) => {
    store.applyAll([{ id, received: Date.now(), event, raw: JSON.stringify(event.data) }]);
}, { connection: new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null }), concurrency: 50 });

await worker.waitUntilReady();
console.error('ready');
