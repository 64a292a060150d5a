// Express + svix + BullMQ: the usual next step of a Node application, a job for each webhook. The svix-id is the job's id.
import { Queue } from 'bullmq';
import express from 'express';
import { Redis } from 'ioredis';
import { Webhook } from 'svix';

const queue = new Queue('clerk', {
    connection: new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null }),
    defaultJobOptions: { attempts: 5, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true },
});
const webhook = new Webhook(process.env.CLERK_WEBHOOK_SIGNING_SECRET);
const app = express();

app.post('/api/webhooks', express.raw({ type: 'application/json', limit: '1mb' }), async (req, res) => {
    let event;
    try {
        event = webhook.verify(req.body.toString(), req.headers);
    } catch {
        return res.status(400).json({ error: 'Invalid signature' });
    }
    try {
        await queue.add(event.type, { id: req.headers['svix-id'], event }, { jobId: req.headers['svix-id'] });
    } catch {
        return res.status(503).json({ error: 'Queue unavailable' });
    }
    return res.json({ received: true });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
