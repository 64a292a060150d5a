"""--check: has ingest or the worker become slower against its floor? Judged by instructions, which neighbours do not disturb: those
in user space of a long run less those of a short one, so that starting and stopping do not count. Hashing is judged apart from the
rest: without the processor's own SHA instructions, which valgrind does not have, it would be half of all. What a change costs in
the kernel, one more system call for instance, is not seen here but in the figures."""
import json
from functools import partial
from pathlib import Path

from harness import wait
from harness.process import Process

from .drains import is_empty
from .servers import TOOLS

RECORDED = Path(__file__).resolve().parents[1] / "recorded.json"
SLOWER = 1.25  # what passes
SHORT, LONG = 500, 2500  # events; whole batches of the worker
CONNECTIONS = 16
# The same code on every x86-64: no AVX, no SHA instructions, which not all processors and not all versions of valgrind have.
PLAIN = {"OPENSSL_ia32cap": "~0x1000000000000000:~0x20000128"}
VALGRIND = ("valgrind", "--quiet", "--tool=callgrind")
HASHING = "libcrypto"
RATIOS = {"ingest_per_floor": ("ingest", "floor"), "hashing_per_floor": ("hashing", "floor"), "worker_per_loop": ("worker", "sqlite_loop")}


def by_object(path):
    """{object file: instructions of its own} out of callgrind's file, where a name stands in full the first time only."""
    names, counts, own, is_call = {}, {}, "", False
    for text in path.read_text().splitlines():
        key, _, value = text.partition("=")
        if key in ("ob", "cob"):
            number, _, name = value.partition(" ")
            name = names.setdefault(number, name)
            own = name if key == "ob" else own
        elif key == "calls":
            is_call = True  # the next line is what was called, counted there
        elif text[:1] in set("0123456789+-*") and not is_call:
            counts[own] = counts.get(own, 0) + int(text.split()[1])
        else:
            is_call = False
    return counts


class Counter:
    """Runs programs under callgrind."""

    def __init__(self, bench):
        self.bench, self.runs = bench, 0

    def of(self, run):
        """(hashing, all else) of what run() starts, which has ended when it returns."""
        self.runs += 1
        out = self.bench.dir / f"instructions.{self.runs}"
        self.bench.under = [*VALGRIND, f"--callgrind-out-file={out}"]
        try:
            run()
        finally:
            self.bench.under = []
        counts = by_object(out)
        hashing = sum(count for name, count in counts.items() if HASHING in name)
        return hashing, sum(counts.values()) - hashing

    def each(self, run):
        """The same an event. run(count) handles count events."""
        return [round((long - short) / (LONG - SHORT)) for long, short in zip(self.of(lambda: run(LONG)), self.of(lambda: run(SHORT)))]


def ingest(bench, count):
    bench.redis.empty()
    serve(bench, bench.ingest(**PLAIN), count)


def floor(bench, count):
    serve(bench, bench.floor(), count)


def serve(bench, server, count):
    done = bench.post(server, count, connections=CONNECTIONS, retry="yes")  # ingest may not have found Redis yet
    if done["ok"] != count:
        raise RuntimeError(f"{server.name} accepted {done['ok']} of {count}: {done}")
    end(server)


def end(process):
    """By SIGTERM, for valgrind writes its file at the end."""
    process.stop(60)


def worker(bench, count):
    bench.redis.empty()
    bench.fill(count, links=1)
    process = bench.worker("worker-0", bench.database("check"))
    wait.until(lambda: is_empty(bench) or not process.alive(), 120, "the worker to drain the queue")
    end(process)


def sqlite_loop(bench, count):
    words = [*bench.under, TOOLS / "bench-sqlite-floor", bench.database("check"), bench.templates["users"], count]
    process = bench.keep(Process(words, {}, bench.new_log("loop")))
    if process.wait_exit(120) != 0:
        raise RuntimeError(process.log())


def measure(bench):
    """How many times its floor each of ours costs, and the instructions an event that say so."""
    bench.start_redis()
    counter, cost = Counter(bench), {}
    for run in (ingest, floor, worker, sqlite_loop):
        hashing, cost[run.__name__] = counter.each(partial(run, bench))
        cost["hashing"] = cost.get("hashing", hashing)  # of ingest, the first
    return {**{name: round(cost[ours] / cost[its], 3) for name, (ours, its) in RATIOS.items()}, "instructions": cost}


def record(bench):
    now = measure(bench)
    RECORDED.write_text(json.dumps(now, indent=1) + "\n")
    print(f"recorded: {now}")


def passes(bench):
    """Prints what was found. False: a ratio is too far above the recorded one."""
    now, recorded, good = measure(bench), json.loads(RECORDED.read_text()), True
    for key in RATIOS:
        factor = now[key] / recorded[key]
        good = good and factor <= SLOWER
        print(f"{key}: {now[key]:.2f} now, {recorded[key]:.2f} recorded, {factor:.2f} times ({'ok' if factor <= SLOWER else 'FAILED'})")
    for name, count in now["instructions"].items():
        print(f"  {name}: {count:,} instructions an event, {recorded['instructions'][name]:,} recorded")
    return good
