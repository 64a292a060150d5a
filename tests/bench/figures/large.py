"""A database that has seen much against one that has seen little."""
import json
import shutil
import sqlite3
import time

from . import mix
from .drains import drain_ours
from .ingest import ratios

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
