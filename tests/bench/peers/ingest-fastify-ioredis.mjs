// Fastify + standardwebhooks + ioredis: the lean variant, with the pipelining that ioredis offers and its guide leaves off.
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';

const redis = new Redis(process.env.REDIS_URL, { enableAutoPipelining: true });
const webhook = new Webhook(process.env.CLERK_WEBHOOK_SIGNING_SECRET);
const app = Fastify({ bodyLimit: 1024 * 1024 });

app.addContentTypeParser('application/json', { parseAs: 'string' }, (req, body, done) => done(null, body));
app.post('/api/webhooks', async (req, reply) => {
    const { 'svix-id': id, 'svix-timestamp': ts, 'svix-signature': signature } = req.headers;
    let event;
    try {
        event = webhook.verify(req.body, { 'webhook-id': id, 'webhook-timestamp': ts, 'webhook-signature': signature });
    } catch {
        return reply.code(400).send({ error: 'Invalid signature' });
    }
    try {
        await redis.xadd('clerk:events', '*', 'id', id, 'type', event.type, 'ts', ts, 'received', Date.now(), 'body', req.body);
    } catch {
        return reply.code(503).send({ error: 'Queue unavailable' });
    }
    return { received: true };
});

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
