"""P21: `migrate` killed at any moment leaves the old schema or the new one, never one half-way; run again it ends as ever."""
import sqlite3
import subprocess
import time
from contextlib import closing

from harness import samples, wait
from harness.postgres import PostgresDatabase
from harness.process import WORKER, clean_env, run

from bench.settings import both_databases, figure

pytestmark = both_databases

KILLS = figure(8, 100)


def is_postgres(database):
    return isinstance(database, PostgresDatabase)


def state(database):
    """(version, number of tables) of whatever is there."""
    if is_postgres(database):
        version = database.rows("SELECT max(version) AS n FROM clerk_migrations")
        tables = database.rows(f"SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = '{database.schema}'")
        return (version[0]["n"] or 0) if version else 0, tables[0]["n"]
    with closing(sqlite3.connect(database.path, timeout=20)) as db:  # able to write, for what a killed one left must be rolled back
        return (db.execute("PRAGMA user_version").fetchone()[0],
                db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchone()[0])


def start_migrate(database):
    return subprocess.Popen([str(WORKER), "migrate"], env=clean_env({"DATABASE_URL": database.url}), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def settled(database):
    """No session of the killed one still ends its transaction."""
    return not is_postgres(database) or database.server.run(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'clerk' AND pid <> pg_backend_pid()").strip() == "0"


def migrate(database):
    done = run([WORKER, "migrate"], {"DATABASE_URL": database.url})
    assert done.returncode == 0, done.stderr


def test_p21_migrate_killed_at_any_moment_leaves_nothing_half_way(make_database, dice, report):
    whole_database = make_database("whole")
    begun = time.monotonic()
    migrate(whole_database)
    takes_s = time.monotonic() - begun
    whole = state(whole_database)
    old, new = 0, 0
    for n in range(KILLS):
        database = make_database(f"killed{n}")
        child, calm = start_migrate(database), wait.Pause(dice.uniform(0, 1.2 * takes_s))
        wait.until(calm.is_over, 10)
        child.kill()
        child.wait(10)
        wait.until(lambda: settled(database), 20, "the server to notice")
        found = state(database)
        assert found in ((0, 0), whole), f"half-way: version and tables {found}, whole is {whole}"
        old, new = old + (found != whole), new + (found == whole)
        migrate(database)
        assert state(database) == whole
    report(kills=KILLS, old=old, new=new)


def test_p21_workers_that_start_at_once_make_the_tables_once(stack, redis, make_database):
    database = make_database("fresh")
    several = [stack.worker(database=database, ready=False) for _ in range(4)]
    for worker in several:
        worker.wait_ready()
    stack.ingest().deliver([(f"msg_{n}", samples.user(n)) for n in range(50)])
    redis.wait_drained()
    assert database.count("users") == 50
    assert all(w.alive() and "level=error" not in w.log() for w in several), [w.log()[-500:] for w in several]
