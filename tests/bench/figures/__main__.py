"""python3 -m figures: measures, prints one table, writes JSON; --check compares with the recorded ratios."""
import argparse
import json
import sys
import tempfile
from pathlib import Path

from . import flow, ingest, mix, report, worker
from .servers import BUILD, Bench

RECORDED = Path(__file__).resolve().parents[1] / "recorded.json"
SLOWER = 1.25  # what --check lets pass
PARTS = {"ingest": ingest.floor_ratio, "rate": ingest.durable_rate, "memory": ingest.memory, "worker": worker.beside_others,
         "several": worker.several, "duplicates": worker.duplicates, "large": worker.large, "latency": flow.latency, "burst": flow.burst,
         "replay": flow.replay, "backlog": flow.backlog}
# What depends least on what else the machine does goes first; the table keeps the order above.
ORDER = ("memory", "large", "latency", "burst", "replay", "backlog", "ingest", "rate", "worker", "several", "duplicates")
LONG_ONLY = ("backlog",)
CHECKED = ("ingest_per_floor", "worker_per_loop")


def arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs, under two minutes")
    parser.add_argument("--check", action="store_true", help="fail where ingest or worker is 25 %% slower against its floor than recorded")
    parser.add_argument("--record", action="store_true", help="with --check: record this machine's ratios instead")
    parser.add_argument("--only", metavar="NAME", action="append", choices=PARTS, help=f"one part alone: {', '.join(PARTS)}")
    parser.add_argument("--json", metavar="FILE", default=str(BUILD / "bench.json"))
    parser.add_argument("--without-peers", action="store_true", help="leave the Node programs out")
    return parser.parse_args()


def measure(args, bench, results):
    for name in ORDER:
        if name not in (args.only or PARTS) or (args.quick and name in LONG_ONLY and not args.only):
            continue
        results.part = list(PARTS).index(name)
        if name in ("ingest", "worker"):
            PARTS[name](bench, results, peers=not args.without_peers)
        else:
            PARTS[name](bench, results)
    results.rows.sort(key=lambda row: row["part"])


def check(results, record):
    """True when no ratio is far above the recorded one."""
    now = {key: results.find(key)["median"] for key in CHECKED}
    if record:
        RECORDED.write_text(json.dumps(now, indent=1) + "\n")
        return True
    recorded = json.loads(RECORDED.read_text())
    slower = {key: now[key] / recorded[key] for key in CHECKED}
    for key, factor in slower.items():
        print(f"{key}: {now[key]:.2f} now, {recorded[key]:.2f} recorded, {factor:.2f} times ({'FAILED' if factor > SLOWER else 'ok'})")
    return all(factor <= SLOWER for factor in slower.values())


def main():
    args = arguments()
    if args.check:
        args.only, args.without_peers = ["ingest", "worker"], True
    results = report.Report()
    with tempfile.TemporaryDirectory(prefix="clerk-bench-", dir=BUILD) as directory:
        bench = Bench(directory, mix.write(directory), args.quick)
        try:
            measure(args, bench, results)
        finally:
            bench.stop_redis()
    print("\n" + results.table())
    results.write(args.json, bench.quick)
    print(f"\n{args.json}")
    return 0 if not args.check or check(results, args.record) else 1


sys.exit(main())
