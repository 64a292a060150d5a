"""Counts what became of the events: nothing lost, nothing doubled, the newest state, nothing left over.

An upsert alone would hide that an event took effect twice, so triggers that only the tests have add one for every effect on
a user; that sum must be the number of ledger rows that say `applied`."""
import sqlite3
from contextlib import closing

from harness.postgres import PostgresDatabase
from harness.process import WORKER, run

EFFECTS = """
CREATE TABLE IF NOT EXISTS chaos_effects (clerk_id TEXT PRIMARY KEY, effects INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS chaos_insert AFTER INSERT ON users BEGIN
  INSERT INTO chaos_effects VALUES (new.clerk_id, 1) ON CONFLICT (clerk_id) DO UPDATE SET effects = effects + 1;
END;
CREATE TRIGGER IF NOT EXISTS chaos_update AFTER UPDATE ON users BEGIN
  INSERT INTO chaos_effects VALUES (new.clerk_id, 1) ON CONFLICT (clerk_id) DO UPDATE SET effects = effects + 1;
END;
"""
EFFECTS_POSTGRES = """
CREATE TABLE chaos_effects (clerk_id TEXT PRIMARY KEY, effects BIGINT NOT NULL);
CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_effects AS e VALUES (new.clerk_id, 1) ON CONFLICT (clerk_id) DO UPDATE SET effects = e.effects + 1; RETURN new;
END $$;
CREATE TRIGGER chaos_note AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION chaos_note();
"""
DOUBLED = """
SELECT coalesce(e.clerk_id, l.clerk_id) AS clerk_id, coalesce(effects, 0) AS effects, coalesce(applied, 0) AS applied
FROM (SELECT clerk_id, count(*) AS applied FROM webhook_events WHERE outcome = 'applied' GROUP BY clerk_id) AS l
LEFT JOIN chaos_effects AS e ON e.clerk_id = l.clerk_id WHERE coalesce(effects, 0) <> applied
UNION ALL
SELECT clerk_id, effects, 0 FROM chaos_effects
WHERE clerk_id NOT IN (SELECT clerk_id FROM webhook_events WHERE outcome = 'applied' AND clerk_id IS NOT NULL)
"""


def prepare(database):
    """Makes the tables with the worker's own command and adds the counting triggers. Before any worker runs."""
    done = run([WORKER, "migrate"], {"DATABASE_URL": database.url})
    assert done.returncode == 0, done.stderr
    if isinstance(database, PostgresDatabase):
        database.run(EFFECTS_POSTGRES)
        return
    with closing(sqlite3.connect(database.path, isolation_level=None)) as db:
        db.executescript(EFFECTS)


class Verdict:
    def __init__(self, answered, ledger, lost, doubled):
        self.answered, self.ledger, self.lost, self.doubled = answered, ledger, lost, doubled

    def __str__(self):
        return f"answered={self.answered} ledger={self.ledger} lost={self.lost} doubled={self.doubled}"


def judge(plan, acked, database):
    """Compares; asserts nothing, so that a control run can show its loss."""
    ledger = {plan.number(r["svix_id"]) for r in database.rows("SELECT svix_id FROM webhook_events")} - {None}
    doubled = sum(abs(r["effects"] - r["applied"]) for r in database.rows(DOUBLED))
    return Verdict(len(acked), len(ledger), len(set(acked) - ledger), doubled), ledger


def check_rows(plan, ledger, dead, database):
    """Every user's row is what the newest of its events says."""
    expected = plan.final(i for i in ledger if plan.svix_id(i) not in dead)
    rows = {r["clerk_id"]: (r["first_name"], r["event_at"]) for r in database.rows(
        "SELECT clerk_id, first_name, event_at FROM users") if r["clerk_id"].startswith(f"user_{plan.prefix}")}
    wrong = {k: (rows.get(k), v) for k, v in expected.items() if rows.get(k) != v}
    assert not wrong and rows.keys() == expected.keys(), f"wrong rows (found, expected): {dict(list(wrong.items())[:5])}"


def check_letters(dead, database):
    letters = {r["svix_id"]: r["reason"] for r in database.rows("SELECT svix_id, reason FROM dead_letters")}
    assert letters.keys() == set(dead), f"dead letters: {dict(list(letters.items())[:5])}, expected: {sorted(dead)}"


def check(plan, acked, database, redis, dead=(), drain_s=60):
    """The whole judgement, after the last worker has drained the stream. acked: numbers of events answered 200 that must be
    there; others may."""
    redis.wait_drained(drain_s)
    verdict, ledger = judge(plan, acked, database)
    assert verdict.lost == 0 and verdict.doubled == 0, str(verdict)
    check_rows(plan, ledger, set(dead), database)
    check_letters(dead, database)
    assert database.integrity() == "ok"
    return verdict
