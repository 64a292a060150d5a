"""python3 -m figures: measures, prints one table, writes JSON; --check compares instructions with the recorded ones."""
import argparse
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import postgres as server

from . import check, flow, ingest, large, mix, postgres, report, stream, worker
from .servers import BUILD, Bench

# In the order of the table.
PARTS = {"ingest": ingest.beside_floor, "ingest-peers": ingest.beside_peers, "rate": ingest.durable_rate, "memory": ingest.memory,
         "worker": worker.beside_loop, "worker-peers": worker.beside_peers, "several": worker.several, "duplicates": worker.duplicates,
         "large": large.large, "postgres": postgres.beside_loop, "postgres-peers": postgres.beside_peer, "postgres-several": postgres.several,
         "latency": flow.latency, "burst": flow.burst, "replay": flow.replay, "backlog": flow.backlog, "stream": stream.carries}
GROUPS = {"peers": ("ingest-peers", "worker-peers", "postgres-peers"), "limits": ("ingest", "rate", "worker", "postgres", "stream"),
          "flow": ("latency", "burst", "replay", "backlog")}
# What depends least on what else the machine does goes first.
ORDER = sorted(PARTS, key=("memory", "large", "latency", "burst", "replay", "backlog", "stream", *PARTS).index)
LIMIT_S = {"quick": 600, "check": 600, "full": 3600}  # a run that takes longer has come to a stop


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh")
    parser.add_argument("--quick", action="store_true", help="every part in small, under two minutes")
    parser.add_argument("--check", action="store_true", help="fail where ingest or worker is 25 %% slower against its floor than recorded")
    parser.add_argument("--record", action="store_true", help="measure as --check does and record the ratios")
    parser.add_argument("--only", metavar="NAME", action="append", choices=[*PARTS, *GROUPS], default=[],
                        help=f"one part alone: {', '.join(PARTS)}; or several: {', '.join(GROUPS)}")
    parser.add_argument("--without-peers", action="store_true", help="leave the Node programs out")
    parser.add_argument("--merge", metavar="FILE", nargs="+", help="print the figures of several runs as one table; the last of each counts")
    parser.add_argument("--json", metavar="FILE", default=str(BUILD / "bench.json"))
    return parser.parse_args()


def wanted(args):
    names = {part for name in args.only or PARTS for part in GROUPS.get(name, (name,))}
    names -= set(GROUPS["peers"]) if args.without_peers else set()
    if not server.is_installed():
        print("no PostgreSQL server is installed: its parts are left out")
        names -= {name for name in PARTS if name.startswith("postgres")}
    return [name for name in ORDER if name in names]


def measure(args, bench):
    """The parts that could be measured stand in the table all the same; False: not all could."""
    results, failed = report.Report(), []
    for name in wanted(args):
        results.part = list(PARTS).index(name)
        try:
            results.time(name, lambda: PARTS[name](bench, results))
        except (RuntimeError, AssertionError, OSError, subprocess.SubprocessError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed.append(name)
            bench.close()
    results.rows.sort(key=lambda row: row["part"])
    show(args, results)
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return not failed


def show(args, results):
    print("\n" + results.table())
    results.write(args.json, args.quick)
    print(f"\n{args.json}")


def run(args, bench):
    if args.record:
        check.record(bench)
        return True
    return check.passes(bench) if args.check else measure(args, bench)


def on_signal(number, _):
    """Ends the run as an error does, so that nothing that it started goes on."""
    raise SystemExit(f"ended by {signal.Signals(number).name}")


def main():
    args = arguments()
    if args.merge:
        results = report.Report()
        results.merge(args.merge)
        show(args, results)
        return 0
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, on_signal)
    signal.alarm(LIMIT_S["check" if args.check or args.record else "quick" if args.quick else "full"])
    with tempfile.TemporaryDirectory(prefix="clerk-bench-", dir=BUILD) as directory:
        bench = Bench(directory, mix.write(Path(directory)), args.quick)
        try:
            return 0 if run(args, bench) else 1
        finally:
            bench.close()


sys.exit(main())
