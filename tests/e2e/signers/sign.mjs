// Signs with the official libraries: one JSON request a line on standard input, one signature a line on standard output.
// Request: {"library": "svix" | "standardwebhooks", "secret": "whsec_…", "id": "msg_…", "timestamp": seconds, "body": "…"}
import { createInterface } from 'node:readline';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';

const libraries = { standardwebhooks: Standard, svix: Svix };

for await (const line of createInterface({ input: process.stdin })) {
    const { library, secret, id, timestamp, body } = JSON.parse(line);
    const webhook = new libraries[library](secret);
    process.stdout.write(`${webhook.sign(id, new Date(timestamp * 1000), body)}\n`);
}
