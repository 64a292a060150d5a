"""P7: trouble with the SQLite file. Ingest does not notice; the worker waits, loses nothing, buries nothing, goes on by itself.
What only a person can mend stops it with one line, and the events stay in Redis."""
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager

import pytest

from bench import ioerror
from bench.settings import figure
from bench.tmpfs import fill, small_disk
from bench.watch import Idleness, lines
from harness import samples, wait
from harness.database import Database

LOCKED_S = figure(8, 60)
RESUMES_S = 5.0
BEFORE, DURING = 100, 100


def users(start, count):
    return [(f"msg_d{n}", samples.user(f"d{n}", unsafe_metadata={"padding": "x" * 2000})) for n in range(start, start + count)]


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", 16) as directory:
        yield directory


def all_there(database, count):
    assert database.count("users") == count
    assert database.count("webhook_events") == count
    assert database.count("dead_letters") == 0
    assert database.integrity() == "ok"


class Patient:
    """A worker that has applied some events and is about to suffer."""

    def __init__(self, stack, database=None, **env):
        self.redis = stack.redis
        self.database = database or stack.database
        self.front = stack.ingest()
        self.worker = stack.worker(database=self.database, **env)
        self.front.deliver(users(0, BEFORE))
        self.redis.wait_drained()

    def suffers(self, hold_s):
        """Events keep coming, the worker says so once and idles."""
        self.front.deliver(users(BEFORE, DURING))
        self.worker.wait_log("event=database_unavailable", 15)
        idle = Idleness(self.worker)
        until = time.monotonic() + hold_s
        wait.until(lambda: time.monotonic() >= until, hold_s + 5)
        assert idle.share() < 0.2
        assert self.redis.backlog() == DURING, "not one is acknowledged"
        assert self.worker.get("/readyz")[0] == 503 and self.worker.get("/livez")[0] == 200

    def recovers(self, report):
        mended = time.monotonic()
        self.redis.wait_drained(30)
        took = time.monotonic() - mended
        report(resumed_s=round(took, 1), events=BEFORE + DURING, lost=0)
        assert took <= RESUMES_S, f"went on {took:.1f} s after the cure"
        assert self.worker.alive()
        all_there(self.database, BEFORE + DURING)
        for word in ("event=database_unavailable", "event=database_available"):
            assert len(lines(self.worker, word)) == 1, self.worker.log()[-3000:]

    def stops(self, why):
        """Ends by itself with a failure, one line says why; the events stay."""
        code = self.worker.wait_exit(20)
        assert code == 1, code
        said = lines(self.worker, "level=error")
        assert len(said) == 1 and why in said[0], self.worker.log()[-3000:]
        assert self.redis.backlog() == DURING


def test_a_full_disk_is_waited_for(stack, disk, report):
    patient = Patient(stack, Database(disk / "clerk.db"))
    ballast = fill(disk)
    patient.suffers(figure(3, 30))
    ballast.unlink()
    patient.recovers(report)


def test_a_disk_that_fills_in_the_middle_of_a_load_keeps_a_sound_file(stack, disk, report):
    """Full by our own writing: some batches fit, one does not."""
    database = Database(disk / "clerk.db")
    front, worker = stack.ingest(), stack.worker(database=database)
    with open(disk / "ballast", "wb") as f:
        f.write(b"x" * 9_000_000)
    front.deliver(users(0, 800))
    worker.wait_log("event=database_unavailable", 30)
    (disk / "ballast").unlink()
    mended = time.monotonic()
    stack.redis.wait_drained(30)
    report(resumed_s=round(time.monotonic() - mended, 1))
    all_there(database, 800)


@contextmanager
def exclusive(path):
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


def test_a_database_locked_by_another_program_is_waited_for(stack, report):
    patient = Patient(stack)
    with exclusive(patient.database.path):
        patient.suffers(LOCKED_S)
    patient.recovers(report)


FAILURES = {"a read-only file system": "EROFS", "a failing disk": "EIO", "no room": "ENOSPC", "a quota": "EDQUOT"}


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_every_write_fails_until_the_cure(stack, tmp_path, report, error):
    switch = ioerror.Switch(tmp_path)
    patient = Patient(stack, **switch.env(error))
    switch.on()
    patient.suffers(2)
    switch.off()
    patient.recovers(report)


def test_one_write_in_a_hundred_fails(stack, tmp_path, report):
    switch = ioerror.Switch(tmp_path)
    switch.on()
    count = figure(600, 20000)
    front = stack.ingest()
    worker = stack.worker(BATCH_SIZE=20, ready=False, **switch.env("EIO", one_in=100))
    front.deliver(users(0, count))
    stack.redis.wait_drained(figure(60, 3600))
    switch.off()
    report(errors=worker.metric("clerk_worker_db_errors_total"), events=count)
    all_there(stack.database, count)
    assert worker.alive()


def test_a_read_only_disk_at_the_start_is_waited_for(stack, disk, report):
    patient = Patient(stack, Database(disk / "clerk.db"))
    assert patient.worker.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    patient.worker = stack.worker(database=patient.database, ready=False)
    patient.suffers(2)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    patient.recovers(report)


def test_a_directory_that_is_gone_is_waited_for(stack, tmp_path, report):
    """A volume that was unmounted may come back; writing elsewhere meanwhile would help nobody."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    patient = Patient(stack, Database(home / "clerk.db"))
    home.rename(elsewhere)
    patient.suffers(2)
    elsewhere.rename(home)
    patient.recovers(report)


def test_a_file_that_was_removed_stops_the_worker(stack, tmp_path):
    patient = Patient(stack)
    patient.database.path.rename(tmp_path / "elsewhere.db")
    patient.front.deliver(users(BEFORE, DURING))
    patient.stops("removed")


def test_a_file_that_was_swapped_stops_the_worker(stack, tmp_path):
    """Writing on would go into a file that nobody will look at again."""
    patient = Patient(stack)
    path = patient.database.path
    shutil.copy(path, tmp_path / "copy.db")
    os.replace(tmp_path / "copy.db", path)
    patient.front.deliver(users(BEFORE, DURING))
    patient.stops("replaced")


DAMAGES = {"its head": (0, 100), "its schema": (100, 3000), "its tables": (8192, 40 * 8192)}


@pytest.mark.parametrize("where", DAMAGES.values(), ids=DAMAGES)
def test_a_corrupt_file_stops_the_worker_and_buries_nothing(stack, where):
    patient = Patient(stack)
    path = patient.database.path
    assert patient.worker.stop() == 0
    good = path.read_bytes()
    start, length = where
    path.write_bytes(good[:start] + b"\xa5" * length + good[start + length:])
    patient.front.deliver(users(BEFORE, DURING))
    patient.worker = stack.worker(database=patient.database, ready=False, CLAIM_IDLE_MS=1000)
    patient.stops("")
    path.write_bytes(good)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    stack.worker(database=patient.database, CLAIM_IDLE_MS=1000)
    stack.redis.wait_drained()
    all_there(patient.database, BEFORE + DURING)
