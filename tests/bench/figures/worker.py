"""clerk-worker on SQLite beside the Node workers and beside SQLite that only inserts."""
import json
import subprocess
import time

from . import mix
from .drains import drain_node, drain_ours, largest_share
from .ingest import ratios
from .servers import PEERS, tool

NODE = {"worker-ioredis": ("careful Node worker (ioredis, better-sqlite3)", 1 / 0.40), "worker-bullmq": ("BullMQ worker, a transaction a job", 10)}


def fill_bullmq(bench, count):
    first = bench.take_numbers(count)
    path = bench.dir / "jobs.ndjson"
    path.write_text("\n".join(mix.bodies(bench.templates["users"], first, count, int(time.time() * 1000))))
    subprocess.run(["node", PEERS / "fill-bullmq.mjs", path, str(first)], check=True, capture_output=True, timeout=120,
                   env={"PATH": "/usr/local/bin:/usr/bin:/bin", "REDIS_URL": bench.redis.url})


def sqlite_loop(bench, count):
    return json.loads(tool("bench-sqlite-floor", bench.database("floor"), bench.templates["users"], count))


def cost_us(drain, count):
    return drain.cpu_s / count * 1e6


def beside_loop(bench, report):
    """Processor time a user event, and the rate, in alternating runs on empty databases."""
    rounds, count = (2, 8000) if bench.quick else (5, 60000)
    bench.start_redis()
    drains, loops = [], []
    for _ in range(rounds):
        drains.append(drain_ours(bench, bench.database("ours"), count))
        loops.append(sqlite_loop(bench, count))
    costs, rates = [cost_us(d, count) for d in drains], [d.rate for d in drains]
    report.add("worker_us", "worker: processor time a user event", costs, "µs")
    report.add("worker_per_loop", "worker / SQLite loop, processor time", ratios(costs, [loop["cpu_s"] / count * 1e6 for loop in loops]))
    report.add("worker_rate", "worker: user events a second", rates, "/s", note="one worker, batches of 500, synchronous=FULL")
    report.add("worker_per_sqlite", "… / the same rows from a C loop", ratios(rates, [count / loop["wall_s"] for loop in loops]), at_least=0.7)


def beside_peers(bench, report):
    rounds, ours, node, bull = (2, 8000, 3000, 800) if bench.quick else (5, 30000, 15000, 4000)
    bench.start_redis()
    costs, theirs = [], {name: [] for name in NODE}
    for _ in range(rounds):
        costs.append(cost_us(drain_ours(bench, bench.database("ours"), ours), ours))
        for name, count, fill in (("worker-ioredis", node, bench.fill), ("worker-bullmq", bull, lambda n: fill_bullmq(bench, n))):
            theirs[name].append(cost_us(drain_node(bench, name, bench.database(name), count, fill), count))
    for name, (title, goal) in NODE.items():
        report.add(f"{name}_ratio", f"{title} / worker", ratios(theirs[name], costs), "×", at_least=goal,
                   note=f"{sorted(theirs[name])[rounds // 2]:.0f} µs an event")


def several(bench, report):
    """One, two and four workers on one SQLite file."""
    rounds, count = (2, 8000) if bench.quick else (5, 60000)
    bench.start_redis()
    runs = {n: [] for n in (1, 2, 4)}
    for _ in range(rounds):
        for n in runs:
            runs[n].append(drain_ours(bench, bench.database("several"), count, workers=n))
    rates = {n: [d.rate for d in runs[n]] for n in runs}
    report.add("two_workers", "two workers / one, one SQLite file", ratios(rates[2], rates[1]), "×", at_least=1.4)
    report.add("turn_share", "one worker: share of its time with the writer's turn", [d.in_turn_s / d.wall_s for d in runs[1]],
               note="without checkpoints; a second worker can only add the rest")
    report.add("four_workers", "four workers / two", ratios(rates[4], rates[2]), "×", at_least=1.0)
    report.add("two_shares", "largest share / smallest, two workers", [largest_share(d) for d in runs[2]], at_most=1.5)
    report.add("four_shares", "largest share / smallest, four workers", [largest_share(d) for d in runs[4]], at_most=1.5)
    report.add("lock_wait", "longest transaction with its wait, four workers, at most", [1000 * d.longest_s for d in runs[4]], "ms",
               at_most=300, note="upper bound of the histogram's bucket")


def duplicates(bench, report):
    rounds, count = (2, 8000) if bench.quick else (5, 50000)
    bench.start_redis()
    runs = []
    for _ in range(rounds):
        database = bench.database("twice")
        clean = drain_ours(bench, database, count)
        again = drain_ours(bench, database, count, first=clean.first)
        runs.append(clean.wall_s / again.wall_s)
    report.add("duplicates", "rate of duplicates / of new events", runs, "×", at_least=2)
