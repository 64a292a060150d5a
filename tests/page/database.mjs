// The two databases, with what the tests do to them from outside. DATABASE=postgres: PostgreSQL, otherwise SQLite.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync } from "node:fs";
import { join, resolve } from "node:path";

const SERVER = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../postgres.sh");
const SCHEMA = "page";
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** Runs a client that is given SQL; its transaction lasts until release(). */
async function hold(argv, env, sql) {
  const child = spawn(argv[0], argv.slice(1), { env, stdio: ["pipe", "pipe", "inherit"] });
  const locked = new Promise((done) => child.stdout.once("data", done));
  child.stdin.write(`${sql} SELECT 'locked';\n`);
  await locked;
  const ended = new Promise((done) => child.once("exit", done));
  return { release: () => (child.stdin.end("ROLLBACK;\n"), ended) };
}

class Sqlite {
  constructor(dir) {
    this.file = join(dir, "clerk.db");
    this.url = `sqlite:${this.file}`;
  }

  sql(text) {
    return execFileSync("sqlite3", ["-cmd", ".timeout 5000", this.file, text], { encoding: "utf8" }).trim();
  }

  lock() {
    return hold(["sqlite3", "-batch", "-cmd", ".timeout 5000", this.file], process.env, "BEGIN IMMEDIATE;");
  }

  refuseUsers(why) {
    this.sql(`CREATE TRIGGER refuse BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, ${quoted(why)}); END`);
  }

  cure() {
    this.sql("DROP TRIGGER IF EXISTS refuse");
  }

  end() {}
}

class Postgres {
  constructor(dir) {
    chmodSync(dir, 0o755); // the server is another user's
    this.dir = join(dir, "pg");
    process.once("SIGTERM", () => (this.end(), process.exit(143))); // the server is nobody's child
    execFileSync("sh", [SERVER, "start", this.dir], { stdio: ["ignore", "ignore", "inherit"] });
    this.url = `postgres://clerk@/clerk?host=${this.dir}&schema=${SCHEMA}`;
    this.client = ["psql", "-h", this.dir, "-U", "clerk", "-d", "clerk", "-qAtX", "-v", "ON_ERROR_STOP=1"];
    this.env = { ...process.env, PGOPTIONS: `-c search_path=${SCHEMA} -c client_min_messages=warning` };
  }

  sql(text) {
    return execFileSync(this.client[0], [...this.client.slice(1), "-c", text], { env: this.env, encoding: "utf8" }).trim();
  }

  lock() {
    return hold(this.client, this.env, "BEGIN; LOCK TABLE users IN EXCLUSIVE MODE;");
  }

  refuseUsers(why) {
    this.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE check_violation USING MESSAGE = ${quoted(why)}; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()`);
  }

  cure() {
    this.sql("DROP FUNCTION IF EXISTS refuse() CASCADE");
  }

  end() {
    execFileSync("sh", [SERVER, "stop", this.dir]);
  }
}

/** Its files lie in dir. */
export const makeDatabase = (dir) => (process.env.DATABASE === "postgres" ? new Postgres(dir) : new Sqlite(dir));
