// Express + svix + ioredis, as the guides of Clerk, Svix and ioredis have it: the raw body is verified, then written to a stream.
import express from 'express';
import { Redis } from 'ioredis';
import { Webhook } from 'svix';

const redis = new Redis(process.env.REDIS_URL);
const webhook = new Webhook(process.env.CLERK_WEBHOOK_SIGNING_SECRET);
const app = express();

app.post('/api/webhooks', express.raw({ type: 'application/json', limit: '1mb' }), async (req, res) => {
    const body = req.body.toString();
    let event;
    try {
        event = webhook.verify(body, req.headers);
    } catch {
        return res.status(400).json({ error: 'Invalid signature' });
    }
    try {
        await redis.xadd('clerk:events', '*', 'id', req.headers['svix-id'], 'type', event.type, 'ts', req.headers['svix-timestamp'],
            'received', Date.now(), 'body', body);
    } catch {
        return res.status(503).json({ error: 'Queue unavailable' });
    }
    return res.json({ received: true });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
