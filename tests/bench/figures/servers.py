"""The servers that are compared: started for real on free ports, watched through /proc, stopped by their process id."""
import json
import os
import re
import socket
import subprocess
import urllib.request
from pathlib import Path

from harness import wait
from harness.postgres import PostgresServer
from harness.process import BUILD, INGEST, WORKER, Process, free_port
from harness.redis_server import RedisServer

TOOLS = BUILD / "tests/bench"
PEERS = Path(__file__).resolve().parents[1] / "peers"
SCHEMA = "bench"  # in PostgreSQL
SECRET = "whsec_YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gh"


def cpu_s(pid):
    """Processor time of all threads, user and system, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_mb(pid, field="VmRSS"):
    """VmRSS: now; VmHWM: the most so far."""
    return int(re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Server(Process):
    """A program that takes webhooks on self.port."""

    def __init__(self, name, argv, env, directory):
        self.name = name
        self.port = free_port()
        env = {key: str(value).replace("PORT", str(self.port)) for key, value in env.items()}
        super().__init__([str(a).replace("PORT", str(self.port)) for a in argv], {**env, "PORT": self.port}, Path(directory) / f"{name}.log")
        wait.until(lambda: listens(self.port), 30, f"{name} to listen")


class Bench:
    """One run: its directory, Redis, PostgreSQL, templates, and the ways to load and to start things."""

    def __init__(self, directory, templates, quick):
        self.dir = Path(directory)
        self.templates = templates
        self.quick = quick
        self.number = 0  # of the next event, so that no two have one id
        self.under = []  # words before those of ingest, floor and worker: the program that watches them
        self.started = []
        self.filled_s = 0.0  # how long the last fill() took
        self.redis = None
        self.postgres = None

    def close(self):
        """Nothing that was started goes on."""
        for process in self.started:
            process.kill()
        self.started = []
        self.stop_redis()
        if self.postgres:
            self.postgres.close()
        self.postgres = None

    def keep(self, process):
        self.started.append(process)
        return process

    def start_redis(self, *options):
        """A fresh Redis, durable as shipped; the one before is gone with its data."""
        self.stop_redis()
        for file in self.dir.glob("appendonlydir/*"):
            file.unlink()
        self.redis = RedisServer(self.dir, "--auto-aof-rewrite-percentage", "0", *options)

    def stop_redis(self):
        if self.redis:
            self.redis.process.kill()
        self.redis = None

    def start_postgres(self):
        """One for the whole run, with its own defaults but one: objects are compressed as clerk-worker has it, for all alike."""
        if not self.postgres:
            self.postgres = PostgresServer(folder="/var/tmp")  # a disk, which /tmp need not be
            self.postgres.run("ALTER DATABASE clerk SET default_toast_compression = 'lz4'")

    def ingest(self, **env):
        return self.keep(Server("ingest", [*self.under, INGEST],
                                {"CLERK_WEBHOOK_SIGNING_SECRET": SECRET, "REDIS_URL": self.redis.url, "INGEST_ADMIN_LISTEN": "",
                                 "INGEST_LISTEN": "127.0.0.1:PORT", **env}, self.dir))

    def floor(self):
        return self.keep(Server("floor", [*self.under, TOOLS / "bench-floor", "PORT"], {}, self.dir))

    def peer(self, name):
        return self.keep(Server(name, ["node", PEERS / f"{name}.mjs"], {"NODE_ENV": "production", "REDIS_URL": self.redis.url,
                                                                        "CLERK_WEBHOOK_SIGNING_SECRET": SECRET}, self.dir))

    def take_numbers(self, count):
        first = self.number
        self.number += count
        return first

    def post(self, server, count, mix="life", connections=64, **options):
        """Posts new events; returns what bench-load measured."""
        words = {"templates": self.templates[mix], "port": server.port, "secret": SECRET, "first": self.take_numbers(count),
                 "count": count, "connections": connections, **options}
        return json.loads(tool("bench-load", "post", *(f"{k}={v}" for k, v in words.items())))

    def fill(self, count, mix="users", first=None, spread=0, links=16, connections=512):
        """Writes events straight into the stream, as ingest would; returns the number of the first. With one link they keep their order."""
        first = self.take_numbers(count) if first is None else first
        done = tool("bench-load", "fill", f"templates={self.templates[mix]}", f"port={self.redis.port}", f"first={first}", f"count={count}",
                    f"spread={spread}", f"connections={connections}", f"links={links}")
        self.filled_s = json.loads(done)["wall_s"]
        return first

    def worker(self, name, database, **env):
        """clerk-worker, up to its first look at the queue."""
        admin = free_port()
        process = self.keep(Process([*self.under, WORKER], {"DATABASE_URL": database_url(database), "REDIS_URL": self.redis.url, "WORKER_NAME": name,
                                                            "WORKER_ADMIN_LISTEN": f"127.0.0.1:{admin}", **env}, self.new_log(name)))
        process.admin = admin
        process.wait_log("event=started")
        return process

    def node_worker(self, name, database):
        process = self.keep(Process(["node", PEERS / f"{name}.mjs"], {"NODE_ENV": "production", "REDIS_URL": self.redis.url,
                                                                      "DATABASE": database, "SCHEMA": SCHEMA}, self.new_log(name)))
        process.wait_log("ready")
        return process

    def new_log(self, name):
        """An empty one, so that a line of the run before is not taken for one of this."""
        path = self.dir / f"{name}.log"
        path.unlink(missing_ok=True)
        return path

    def remove(self, name):
        for file in self.dir.glob(f"{name}.db*"):
            file.unlink()

    def database(self, name):
        """An empty database with clerk-worker's tables."""
        path = self.dir / f"{name}.db"
        self.remove(name)
        migrate(path)
        return path

    def postgres_database(self):
        """The same in PostgreSQL: its URL. What was there is gone, and nothing of it is left for a checkpoint to write."""
        self.start_postgres()
        self.postgres.run(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        url = self.postgres.url(SCHEMA)
        migrate(url)
        self.postgres.run("CHECKPOINT")
        return url


def database_url(database):
    return f"sqlite:{database}" if isinstance(database, Path) else database


def migrate(database):
    subprocess.run([WORKER, "migrate"], check=True, capture_output=True, timeout=60, env={**os.environ, "DATABASE_URL": database_url(database)})


def tool(name, *words):
    """Runs one of the benchmark's own programs and returns what it prints."""
    done = subprocess.run([TOOLS / name, *map(str, words)], capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed: {done.stderr}")
    return done.stdout


def metric_lines(admin_port, name):
    """[(labels, value)] of one metric."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return [(m[1] or "", float(m[2])) for m in re.finditer(rf"^{name}(\{{.*?\}})? (\S+)$", text, re.M)]
