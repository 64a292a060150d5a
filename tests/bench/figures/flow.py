"""The pair together: from request to row, a burst, a long backlog."""
import os
import sqlite3
import statistics
import threading
import time
from datetime import datetime

from harness import wait

from .drains import is_empty
from .servers import memory_mb

DRAIN_S = 600
HEAD = "msg_3"  # of the ids that the load has: EVENT_MIX_MESSAGE_HEAD


def percentile(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def fsync_ms(directory, count=200):
    """Milliseconds of each of count writes of four pages with fdatasync, as a small commit makes them."""
    times = []
    path = directory / "fsync"
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(b"x" * 16384)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return times


class Observer(threading.Thread):
    """Looks at the ledger every millisecond, as a reader of the application would, and notes when a row was there."""

    def __init__(self, database):
        super().__init__()
        self.database, self.seen, self.over = database, {}, False

    def run(self):
        db = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30, check_same_thread=False)
        top = 0
        while not self.over:
            rows = db.execute("SELECT rowid, svix_id FROM webhook_events WHERE rowid > ?", (top,)).fetchall()
            now = time.time()
            for rowid, svix_id in rows:
                self.seen[int(svix_id[len(HEAD):])] = now
                top = max(top, rowid)
            time.sleep(0.001)


def latency(bench, report):
    rounds, seconds, rate = (1, 5, 200) if bench.quick else (5, 20, 200)
    p50, p99, own = [], [], []
    for _ in range(rounds):
        bench.start_redis()
        database = bench.database("latency")
        server, worker, observer = bench.ingest(), bench.worker("worker-0", database), Observer(database)
        observer.start()
        log = bench.dir / "latency.log"
        own.append(percentile(fsync_ms(bench.dir), 99))
        bench.post(server, seconds * rate, rate=rate, log=log)
        wait.until(lambda: is_empty(bench), 60, "the last events to be applied")
        wait.until(lambda: len(observer.seen) >= seconds * rate, 10, "the observer to see all")
        observer.over = True
        observer.join()
        rows = [[int(word) for word in text.split()] for text in log.read_text().splitlines()]
        took = [(observer.seen[number] - start_us / 1e6) * 1000 for number, start_us, _ in rows]
        p50.append(percentile(took, 50))
        p99.append(percentile(took, 99))
        worker.stop()
        server.kill()
    report.add("latency_p50", f"request to committed row at {rate}/s, p50", p50, "ms", at_most=5)
    report.add("latency_p99", f"request to committed row at {rate}/s, p99", p99, "ms", at_most=30 + statistics.median(own),
               note=f"goal: 30 ms over the disk's own fdatasync p99 of {statistics.median(own):.1f} ms")


def burst(bench, report):
    """As fast as they come, with the memory of the shipped set-up; a client that repeats what got a 503."""
    count = 10_000 if bench.quick else 200_000
    bench.start_redis("--maxmemory", "512mb")
    database = bench.database("burst")
    server, workers = bench.ingest(), [bench.worker(f"worker-{i}", database) for i in range(2)]
    began = time.monotonic()
    done = bench.post(server, count, connections=256, retry="yes")
    accepted_s = time.monotonic() - began
    wait.until(lambda: is_empty(bench), DRAIN_S, "the burst to be drained")
    with sqlite3.connect(database) as db:
        rows, dead = (db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("webhook_events", "dead_letters"))
    for process in workers + [server]:
        process.stop()
    note = f"{done['refused']} answers of 503, all cured by a retry; dead letters: {dead}; other answers: {done['rejected'] + done['broken']}"
    report.add("burst_lost", f"burst of {count:,}: lost", [count - rows], at_most=0, note=note)
    report.add("burst_accepted_s", "… answered within", [accepted_s], "s")
    report.add("burst_drained_s", "… committed within", [time.monotonic() - began], "s")


def replay(bench, report):
    """After an outage Svix sends everything again, and half of it had been stored: fresh connections, many doubles."""
    count = 4_000 if bench.quick else 50_000
    bench.start_redis()
    database = bench.database("replay")
    server, worker = bench.ingest(), bench.worker("worker-0", database)
    first = bench.number
    bench.post(server, count // 2)
    bench.number = first
    done = bench.post(server, count, fresh="yes")
    wait.until(lambda: is_empty(bench), 300, "the replay to be drained")
    with sqlite3.connect(database) as db:
        rows = db.execute("SELECT count(*) FROM webhook_events").fetchone()[0]
    worker.stop()
    server.kill()
    report.add("replay_rows", f"replay of {count:,}, half of them known: rows too many or too few", [abs(count - rows)], at_most=0,
               note=f"{done['ok']} answered 200")


def started_ms(bench, database):
    """(worker, how long it took until it said so itself)."""
    began = time.time()
    worker = bench.worker("worker-0", database)
    said = next(text for text in worker.log().splitlines() if "event=started" in text).split()[0].removeprefix("ts=")
    return worker, (datetime.fromisoformat(said.replace("Z", "+00:00")).timestamp() - began) * 1000


def start_on_nothing_ms(bench, times=5):
    took = []
    for _ in range(times):
        worker, ms = started_ms(bench, bench.database("backlog"))
        worker.kill()
        took.append(ms)
    return statistics.median(took)


def drain_rates(bench):
    """Events a second in each tenth of the time until the queue is empty."""
    marks = [(time.monotonic(), bench.redis.backlog())]
    while not is_empty(bench):
        if time.monotonic() - marks[0][0] > DRAIN_S:
            raise RuntimeError(f"{marks[-1][1]} events of the backlog are left after {DRAIN_S} s")
        time.sleep(0.05 if bench.quick else 0.5)
        marks.append((time.monotonic(), bench.redis.backlog()))
    tenth = max(1, len(marks) // 10)
    return [(a[1] - b[1]) / (b[0] - a[0]) for a, b in zip(marks[::tenth], marks[tenth::tenth])]


def backlog(bench, report):
    """A backlog of a million: start-up, a steady rate, little memory."""
    count = 50_000 if bench.quick else 1_000_000
    bench.start_redis()
    empty_ms = start_on_nothing_ms(bench)
    bench.fill(count, "life")
    database = bench.database("backlog")
    began = time.monotonic()
    worker, full_ms = started_ms(bench, database)
    rates = drain_rates(bench)
    report.add("backlog_rate", f"backlog of {count:,}: events a second", [count / (time.monotonic() - began)], "/s",
               note=f"filled in {bench.filled_s:.0f} s; appendfsync always")
    report.add("backlog_steady", "… slowest tenth / fastest", [min(rates) / max(rates)], at_least=0.5)
    report.add("backlog_memory", "… worker's memory, at most", [memory_mb(worker.pid, "VmHWM")], "MB", at_most=64)
    report.add("backlog_start", "… start-up with it / without", [full_ms / empty_ms], at_most=1.5, note=f"{full_ms:.0f} ms, {empty_ms:.0f} ms")
    worker.stop()
