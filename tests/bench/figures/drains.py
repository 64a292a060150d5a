"""Workers that drain a filled queue, and what that cost."""
import signal
import sqlite3
import time

from harness import wait

from .servers import cpu_s, memory_mb, metric_lines

DRAIN_S = 600


class Drain:
    """Workers that are stopped while the queue is filled, and measured from the moment they go on until it is empty."""

    def __init__(self, workers):
        self.workers = workers
        for worker in workers:
            worker.signal(signal.SIGSTOP)

    def measure(self, is_drained, server_s=lambda: 0.0):
        """server_s: processor time so far of what else they keep busy, asked while their connections last."""
        server = server_s()
        cpu = [cpu_s(worker.pid) for worker in self.workers]
        began = time.monotonic()
        for worker in self.workers:
            worker.signal(signal.SIGCONT)
        wait.until(lambda: is_drained() or not self.all_alive(), DRAIN_S, "the workers to drain the queue")
        if not self.all_alive():
            raise RuntimeError(f"a worker died: {[worker.log()[-2000:] for worker in self.workers]}")
        self.wall_s = time.monotonic() - began
        self.cpu_s = sum(cpu_s(worker.pid) for worker in self.workers) - sum(cpu)
        self.server_s = server_s() - server
        self.memory_mb = max(memory_mb(worker.pid, "VmHWM") for worker in self.workers)

    def all_alive(self):
        return all(worker.alive() for worker in self.workers)

    def stop(self):
        """Not by SIGTERM, which waits for a second: what is measured is committed."""
        for worker in self.workers:
            worker.kill()


def is_empty(bench):
    return bench.redis.backlog() == 0 and bench.redis.pending() == 0


def drain_ours(bench, database, count, workers=1, spread=0, first=None, **options):
    """Fills the stream, drains it, returns the measured Drain; its workers have ended."""
    bench.redis.empty()
    drain = Drain([bench.worker(f"worker-{i}", database) for i in range(workers)])
    drain.first = bench.fill(count, "users", first, spread)
    drain.measure(lambda: is_empty(bench), **options)
    drain.rate = count / drain.wall_s
    drain.shares = [sum(v for labels, v in metric_lines(w.admin, "clerk_worker_events_processed_total")) for w in drain.workers]
    drain.in_turn_s = sum(metric_lines(w.admin, "clerk_worker_tx_duration_seconds_sum")[0][1] for w in drain.workers)
    drain.longest_s = min(drain.wall_s, max(longest_transaction_s(w.admin) for w in drain.workers))
    drain.stop()
    return drain


def largest_share(drain):
    """Against the smallest."""
    return max(drain.shares) / max(1, min(drain.shares))


def longest_transaction_s(admin_port):
    """The upper bound of the highest bucket that has something in it; waiting for the turn is included."""
    seen, bound = 0, 0.0
    for labels, count in metric_lines(admin_port, "clerk_worker_tx_duration_seconds_bucket"):
        if count > seen:
            seen, bound = count, float(labels.split('"')[1])
    return bound


def ledger_top(database):
    """The last row of the ledger; as many as were ever inserted."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30) as db:
        return db.execute("SELECT coalesce(max(rowid), 0) FROM webhook_events").fetchone()[0]


def drain_node(bench, name, database, count, fill, **options):
    """The same of a Node worker. fill(count) fills what it reads from."""
    bench.redis.empty()
    drain = Drain([bench.node_worker(name, database)])
    fill(count)
    if name == "worker-bullmq":  # it leaves no stream that could be empty
        top = ledger_top(database)
        drain.measure(lambda: ledger_top(database) >= top + count)
    else:
        drain.measure(lambda: is_empty(bench), **options)
    drain.rate = count / drain.wall_s
    drain.stop()
    return drain
