"""clerk-worker on PostgreSQL beside the Node worker and beside a loop that only inserts. Client and server processes are apart: the
rate tells of both, the processor time of the client alone, and the server's is in the note."""
import json
import statistics
from pathlib import Path

from .drains import drain_node, drain_ours, largest_share
from .ingest import ratios
from .servers import SCHEMA, cpu_s, tool

FAST_ENOUGH = 15_000


def parent_of(process):
    return (process / "stat").read_text().rpartition(")")[2].split()[1]


def server_cpu_s(bench):
    """Processor time of PostgreSQL's processes that live."""
    main = (bench.postgres.dir / "data/postmaster.pid").read_text().split("\n")[0]
    total = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if parent_of(process) == main:
                total += cpu_s(process.name)
        except OSError:  # ended meanwhile
            continue
    return total


def ours(bench, count, workers=1):
    return drain_ours(bench, bench.postgres_database(), count, workers, server_s=lambda: server_cpu_s(bench))


def node(bench, count):
    bench.postgres_database()
    address = f"postgres://clerk@/clerk?host={bench.postgres.dir}"
    return drain_node(bench, "worker-pg", address, count, bench.fill, server_s=lambda: server_cpu_s(bench))


def loop_rate(bench, count):
    bench.postgres_database()
    address = f"host={bench.postgres.dir} user=clerk dbname=clerk"
    return count / json.loads(tool("bench-postgres-floor", address, SCHEMA, bench.templates["users"], count))["wall_s"]


def own_us(drains, count):
    """PostgreSQL's processor time an event."""
    return f"PostgreSQL's own {statistics.median(d.server_s for d in drains) / count * 1e6:.0f} µs"


def beside_loop(bench, report):
    rounds, count = (2, 6000) if bench.quick else (5, 40000)
    bench.start_redis()
    drains, limits = [], []
    for _ in range(rounds):
        drains.append(ours(bench, count))
        limits.append(loop_rate(bench, count))
    rates = [d.rate for d in drains]
    report.add("postgres_us", "worker on PostgreSQL: processor time a user event", [d.cpu_s / count * 1e6 for d in drains], "µs",
               note=f"and {own_us(drains, count)}")
    report.add("postgres_rate", "… user events a second", rates, "/s", note="one worker, fsync and synchronous_commit on")
    report.add("postgres_per_loop", "… / the same rows from a C loop, libpq's pipeline mode", ratios(rates, limits), at_least=0.7,
               or_met=statistics.median(rates) >= FAST_ENOUGH, note=f"or {FAST_ENOUGH:,}/s; the loop: {statistics.median(limits):.0f}/s")


def beside_peer(bench, report):
    rounds, count = (2, 4000) if bench.quick else (5, 30000)
    bench.start_redis()
    drains, peers = [], []
    for _ in range(rounds):
        drains.append(ours(bench, count))
        peers.append(node(bench, count))
    report.add("worker-pg_rate", "worker on PostgreSQL / careful Node worker (ioredis, pg), rate",
               ratios([d.rate for d in drains], [d.rate for d in peers]), "×", at_least=1.6,
               note=f"{statistics.median(d.rate for d in peers):.0f}/s; {own_us(peers, count)} an event")
    report.add("worker-pg_ratio", "careful Node worker (ioredis, pg) / worker on PostgreSQL, processor time",
               ratios([d.cpu_s for d in peers], [d.cpu_s for d in drains]), "×",
               note=f"{statistics.median(d.cpu_s for d in peers) / count * 1e6:.0f} µs an event")


def several(bench, report):
    """One, two and four workers on one PostgreSQL."""
    rounds, count = (2, 4000) if bench.quick else (5, 50000)
    bench.start_redis()
    runs = {n: [] for n in (1, 2, 4)}
    for _ in range(rounds):
        for n in runs:
            runs[n].append(ours(bench, count, workers=n))
    rates = {n: [d.rate for d in runs[n]] for n in runs}
    report.add("postgres_two", "two workers / one, PostgreSQL", ratios(rates[2], rates[1]), "×", at_least=1.0)
    report.add("postgres_four", "four workers / one, PostgreSQL", ratios(rates[4], rates[1]), "×", at_least=1.0)
    report.add("postgres_four_rate", "one stream, four workers on PostgreSQL: user events a second", rates[4], "/s",
               note="Redis, workers and PostgreSQL on the same processors")
    report.add("postgres_four_shares", "largest share / smallest, four workers on PostgreSQL", [largest_share(d) for d in runs[4]])
