"""clerk-worker beside the Node workers and beside SQLite that only inserts."""
import json
import shutil
import signal
import sqlite3
import subprocess
import time

from harness import wait

from . import mix
from .ingest import ratios
from .servers import PEERS, cpu_s, memory_mb, metric_lines, tool

NODE = {"worker-ioredis": ("careful Node worker (ioredis, better-sqlite3)", 1 / 0.40), "worker-bullmq": ("BullMQ worker, a transaction a job", 10)}
DRAIN_S = 900


def ledger_top(database):
    """The last row of the ledger; as many as were ever inserted."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30) as db:
        return db.execute("SELECT coalesce(max(rowid), 0) FROM webhook_events").fetchone()[0]


class Drain:
    """Workers that are stopped while the queue is filled, and measured from the moment they go on until it is empty."""

    def __init__(self, workers):
        self.workers = workers
        for worker in workers:
            worker.signal(signal.SIGSTOP)

    def measure(self, is_drained):
        cpu = [cpu_s(worker.pid) for worker in self.workers]
        began = time.monotonic()
        for worker in self.workers:
            worker.signal(signal.SIGCONT)
        wait.until(lambda: is_drained() or not self.all_alive(), DRAIN_S, "the workers to drain the queue")
        if not self.all_alive():
            raise RuntimeError(f"a worker died: {[worker.log()[-2000:] for worker in self.workers]}")
        self.wall_s = time.monotonic() - began
        self.cpu_s = sum(cpu_s(worker.pid) for worker in self.workers) - sum(cpu)
        self.memory_mb = max(memory_mb(worker.pid, "VmHWM") for worker in self.workers)

    def all_alive(self):
        return all(worker.alive() for worker in self.workers)

    def stop(self):
        """Not by SIGTERM, which waits for a second: what is measured is committed."""
        for worker in self.workers:
            worker.kill()


def is_empty(bench):
    return bench.redis.backlog() == 0 and bench.redis.pending() == 0


def drain_ours(bench, database, count, workers=1, spread=0, first=None, mix_name="users"):
    """Fills the stream, drains it, returns the measured Drain; its workers have ended."""
    bench.redis.empty()
    drain = Drain([bench.worker(f"worker-{i}", database) for i in range(workers)])
    drain.first = bench.fill(count, mix_name, first, spread)
    drain.measure(lambda: is_empty(bench))
    drain.shares = [sum(v for labels, v in metric_lines(w.admin, "clerk_worker_events_processed_total")) for w in drain.workers]
    drain.longest_s = max(longest_transaction_s(w.admin) for w in drain.workers)
    drain.stop()
    return drain


def longest_transaction_s(admin_port):
    """The upper bound of the highest bucket that has something in it; waiting for the turn is included."""
    seen, bound = 0, 0.0
    for labels, count in metric_lines(admin_port, "clerk_worker_tx_duration_seconds_bucket"):
        if count > seen:
            seen, bound = count, float(labels.split('"')[1])
    return bound


def drain_node(bench, name, database, count):
    bench.redis.empty()
    top = ledger_top(database)
    drain = Drain([bench.node_worker(name, database)])
    if name == "worker-bullmq":
        fill_bullmq(bench, count)
    else:
        bench.fill(count)
    drain.measure(lambda: ledger_top(database) >= top + count)
    drain.stop()
    return drain


def fill_bullmq(bench, count):
    first = bench.take_numbers(count)
    path = bench.dir / "jobs.ndjson"
    path.write_text("\n".join(mix.bodies(bench.templates["users"], first, count, int(time.time() * 1000))))
    subprocess.run(["node", PEERS / "fill-bullmq.mjs", path, str(first)], check=True, capture_output=True,
                   env={"PATH": "/usr/local/bin:/usr/bin:/bin", "REDIS_URL": bench.redis.url})


def sqlite_loop(bench, count):
    return json.loads(tool("bench-sqlite-floor", bench.database("floor"), bench.templates["users"], count))


def beside_others(bench, report, peers=True):
    """Processor time a user event, and the rate, in alternating runs on empty databases."""
    rounds, ours, node, bull = (3, 8000, 3000, 800) if bench.quick else (5, 60000, 20000, 5000)
    counts = {"worker-ioredis": node, "worker-bullmq": bull}
    bench.start_redis()
    cost, rate, limit, loop_cost = [], [], [], []
    others = {name: [] for name in (NODE if peers else ())}
    for _ in range(rounds):
        drain = drain_ours(bench, bench.database("ours"), ours)
        cost.append(drain.cpu_s / ours * 1e6)
        rate.append(ours / drain.wall_s)
        loop = sqlite_loop(bench, ours)
        limit.append(ours / loop["wall_s"])
        loop_cost.append(loop["cpu_s"] / ours * 1e6)
        for name in others:
            other = drain_node(bench, name, bench.database(name), counts[name])
            others[name].append(other.cpu_s / counts[name] * 1e6)
    report.add("worker_us", "worker: processor time a user event", cost, "µs")
    report.add("worker_per_loop", "worker / SQLite loop, processor time", ratios(cost, loop_cost))
    report.add("worker_rate", "worker: user events a second", rate, "/s", note="one worker, batches of 500, synchronous=FULL")
    report.add("worker_per_sqlite", "… / the same rows from a C loop", ratios(rate, limit), at_least=0.7)
    for name in others:
        title, goal = NODE[name]
        report.add(f"{name}_ratio", f"{title} / worker", ratios(others[name], cost), "×", at_least=goal,
                   note=f"{sorted(others[name])[rounds // 2]:.0f} µs an event")


def several(bench, report):
    """One, two and four workers on one SQLite file."""
    rounds, count = (3, 8000) if bench.quick else (5, 80000)
    bench.start_redis()
    runs = {n: [] for n in (1, 2, 4)}
    for _ in range(rounds):
        for n in runs:
            drain = drain_ours(bench, bench.database("several"), count, workers=n)
            drain.rate = count / drain.wall_s
            runs[n].append(drain)
    rates = {n: [d.rate for d in runs[n]] for n in runs}
    report.add("two_workers", "two workers / one, one SQLite file", ratios(rates[2], rates[1]), "×", at_least=1.4)
    report.add("four_workers", "four workers / two", ratios(rates[4], rates[2]), "×", at_least=1.0)
    report.add("two_shares", "largest share / smallest, two workers", [max(d.shares) / max(1, min(d.shares)) for d in runs[2]], at_most=1.5)
    report.add("four_shares", "largest share / smallest, four workers", [max(d.shares) / max(1, min(d.shares)) for d in runs[4]], at_most=1.5)
    report.add("lock_wait", "longest transaction with its wait, four workers, at most", [1000 * d.longest_s for d in runs[4]], "ms",
               at_most=300, note="upper bound of the histogram's bucket")


def duplicates(bench, report):
    rounds, count = (3, 8000) if bench.quick else (5, 60000)
    bench.start_redis()
    runs = []
    for _ in range(rounds):
        database = bench.database("twice")
        clean = drain_ours(bench, database, count)
        again = drain_ours(bench, database, count, first=clean.first)
        runs.append(clean.wall_s / again.wall_s)
    report.add("duplicates", "rate of duplicates / of new events", runs, "×", at_least=2)


SEED = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
"""
SEED_LEDGER = SEED + """INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, received_at, processed_at, outcome)
SELECT printf('msg_1%023d', i), 'user.updated', printf('user_%027d', i % :users), 'ins_30UzB3XgSs2OPBVWe6wPwX83Uhu', :at, :at, :at, 'applied' FROM n"""
SEED_USERS = SEED + """INSERT INTO users (clerk_id, email, first_name, data, created_at, updated_at, event_at)
SELECT :head || printf('%024d', i), printf('u%d@example.com', i), 'Mara', :data, :at, :at, :at FROM n"""


def seed(bench, name, ledger, users):
    """A database that has seen much: ledger rows, and users under the ids that the templates speak of."""
    path = bench.database(name)
    body = next(mix.bodies(bench.templates["users"], 0, 1, 0))
    data = json.loads(body)["data"]
    values = {"at": int(time.time() * 1000) - 86400000, "users": users, "head": data["id"][:-24], "data": json.dumps(data)}
    with sqlite3.connect(path, isolation_level=None) as db:
        for setting in ("synchronous=OFF", "cache_size=-1000000", "wal_autocheckpoint=100000"):
            db.execute(f"PRAGMA {setting}")
        db.execute(SEED_LEDGER, {**values, "count": ledger})
        db.execute(SEED_USERS, {**values, "count": users})
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def large(bench, report):
    """The same updates of scattered users in a small and in a large database."""
    rounds, count, ledger, users = (3, 5000, 100_000, 20_000) if bench.quick else (5, 40000, 5_000_000, 1_000_000)
    bench.start_redis()
    small, big = seed(bench, "small", 10_000, 10_000), seed(bench, "big", ledger, users)
    pristine = bench.dir / "pristine"
    shutil.copy(small, pristine)
    cost = {small: [], big: []}
    for _ in range(rounds):
        bench.remove("small")  # with the log of a worker that was killed
        shutil.copy(pristine, small)
        for path, spread in ((small, 10_000), (big, users)):
            cost[path].append(drain_ours(bench, path, count, spread=spread).cpu_s / count * 1e6)
    bench.remove("big")
    report.add("large", f"processor time an event: ledger of {ledger:,} and {users:,} users / 10,000", ratios(cost[big], cost[small]), at_most=1.5)
