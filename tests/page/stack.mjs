// Redis, ingest and workers in a folder of their own, on free ports; all of them end with the tests.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeDatabase } from "./database.mjs";

const ROOT = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const BUILD = resolve(process.env.BUILD_DIR ?? join(ROOT, "build/dev"));
const KEY = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
const POLL_MS = 50;

export async function until(condition, what, limitMs = 10000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

class Program {
  constructor(stack, name, argv, env) {
    Object.assign(this, { log: join(stack.dir, `${name}.log`), argv, env });
    this.start();
  }

  start() {
    const out = openSync(this.log, "a");
    const env = { PATH: process.env.PATH, ASAN_OPTIONS: "exitcode=99", UBSAN_OPTIONS: "exitcode=99", ...this.env };
    this.child = spawn(this.argv[0], this.argv.slice(1), { env, stdio: ["ignore", out, out] });
    this.ended = new Promise((done) => this.child.once("exit", (code, signal) => done(code ?? signal)));
  }

  /** Asks it to end, and returns how it did. */
  stop() {
    this.child.kill("SIGTERM");
    return this.ended;
  }

  text() {
    return readFileSync(this.log, "utf8");
  }
}

export class Stack {
  async start() {
    this.dir = mkdtempSync(join(tmpdir(), "clerk-page-"));
    this.database = makeDatabase(this.dir);
    this.ports = { redis: await freePort(), ingest: await freePort(), worker: await freePort() };
    this.env = {
      REDIS_URL: `redis://127.0.0.1:${this.ports.redis}/0`,
      DATABASE_URL: this.database.url,
      CLERK_WEBHOOK_SIGNING_SECRET: `whsec_${KEY.toString("base64")}`,
      INGEST_LISTEN: `127.0.0.1:${this.ports.ingest}`,
      INGEST_ADMIN_LISTEN: "",
      BLOCK_MS: "100",
    };
    this.redis = new Program(this, "redis", ["redis-server", "--port", `${this.ports.redis}`, "--bind", "127.0.0.1", "--dir", this.dir,
      "--save", "", "--appendonly", "yes", "--appendfsync", "always"], {});
    this.ingest = new Program(this, "ingest", [join(BUILD, "ingest/clerk-ingest")], this.env);
    this.worker = this.startWorker("worker", this.ports.worker, {});
    this.url = `http://127.0.0.1:${this.ports.worker}`;
    await this.answers(this.url);
    await until(() => this.deliver("msg_first", this.user("first")).catch(() => false), "ingest to store an event");
  }

  startWorker(name, port, env) {
    return new Program(this, name, [join(BUILD, "worker/clerk-worker")],
      { ...this.env, WORKER_ADMIN_LISTEN: `127.0.0.1:${port}`, WORKER_NAME: `${name}-of-the-tests`, ...env });
  }

  answers(url) {
    return until(() => fetch(`${url}/readyz`).then((r) => r.ok, () => false), `${url} to be ready`);
  }

  freePort = freePort;

  async end() {
    const codes = [];
    for (const program of [this.worker, this.ingest]) codes.push(await program?.stop());
    await this.redis?.stop();
    this.database?.end();
    if (codes.every((code) => code === 0)) rmSync(this.dir, { recursive: true });
    return codes;
  }

  /** One signed webhook; true when it was stored. */
  async deliver(id, body) {
    const time = `${Math.floor(Date.now() / 1000)}`;
    const mac = createHmac("sha256", KEY).update(`${id}.${time}.${body}`).digest("base64");
    const headers = { "svix-id": id, "svix-timestamp": time, "svix-signature": `v1,${mac}` };
    return (await fetch(`http://127.0.0.1:${this.ports.ingest}/api/webhooks`, { method: "POST", headers, body })).ok;
  }

  event(type, data) {
    return JSON.stringify({ data, object: "event", type, timestamp: Date.now(), instance_id: "ins_page" });
  }

  user(name, fields = {}) {
    return this.event("user.created", { id: `user_${name}`, object: "user", updated_at: Date.now(), ...fields });
  }

  /** Another program that writes: workers have to wait until release(). */
  lockDatabase() {
    return this.database.lock();
  }

  sql(text) {
    return this.database.sql(text);
  }
}
