// Adds the events of a file (one JSON body a line) to the BullMQ queue; not measured. Usage: fill-bullmq.mjs FILE FIRST
import { readFileSync } from 'node:fs';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

const [file, first] = process.argv.slice(2);
const redis = new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });
const queue = new Queue('clerk', { connection: redis, defaultJobOptions: { attempts: 5, removeOnComplete: true } });
const events = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const jobs = events.map((event, i) => {
    const id = `msg_${Number(first) + i}`;
    return { name: event.type, data: { id, event }, opts: { jobId: id } };
});
for (let at = 0; at < jobs.length; at += 500) await queue.addBulk(jobs.slice(at, at + 500));
await queue.close();
redis.disconnect();
