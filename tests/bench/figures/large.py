"""A database that has seen much against one that has seen little."""
import shutil
import sqlite3
import time

from .drains import drain_ours
from .ingest import ratios

SEED = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :count)
"""
# Ids as Svix and Clerk make them (KSUIDs): those of the past are smaller than those to come (tools/event_mix.h).
SEED_LEDGER = SEED + """INSERT INTO webhook_events (svix_id, type, clerk_id, instance_id, event_at, received_at, processed_at, outcome)
SELECT printf('msg_2%026d', i), 'user.updated', printf('user_%027d', i % :users), 'ins_30UzB3XgSs2OPBVWe6wPwX83Uhu', :at, :at, :at, 'applied' FROM n"""
# Objects as the worker wrote the first one, so that they have the size that they will have after the next event.
SEED_COPIES = SEED + """INSERT INTO {table} (clerk_id, {columns}) SELECT substr(o.clerk_id, 1, length(o.clerk_id) - 24) || printf('%024d', i), {values}
FROM n, {table} o WHERE o.id = 1 AND i > 0"""


def copies(db, table):
    """The statement that makes the other objects of table, each child with the user of its number."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")][2:]
    values = ["substr(o.user_id, 1, length(o.user_id) - 24) || printf('%024d', i)" if c == "user_id" else f"o.{c}" for c in columns]
    return SEED_COPIES.format(table=table, columns=", ".join(columns), values=", ".join(values))


def seed(bench, name, ledger, users):
    """A database that has seen much: ledger rows, and users with an address each, under the ids that the templates speak of."""
    path = bench.database(name)
    drain_ours(bench, path, 1, spread=1)
    values = {"at": int(time.time() * 1000) - 86400000, "users": users}
    with sqlite3.connect(path, isolation_level=None) as db:
        for setting in ("synchronous=OFF", "cache_size=-1000000", "wal_autocheckpoint=100000"):
            db.execute(f"PRAGMA {setting}")
        for statement, count in ((SEED_LEDGER, ledger), (copies(db, "users"), users), (copies(db, "user_emails"), users)):
            db.execute(statement, {**values, "count": count})
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
