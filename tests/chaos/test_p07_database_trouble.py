"""P7: trouble with the SQLite file. Ingest does not notice; the worker waits, loses nothing, buries nothing, goes on by itself.
What only a person can mend stops it with one line, and the events stay in Redis."""
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager

import pytest

from bench import ioerror, oracle
from bench.patient import BEFORE, DURING, Patient, all_there, users
from bench.settings import figure
from bench.tmpfs import fill, small_disk
from harness.database import Database

LOCKED_S = figure(8, 60)


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", 16) as directory:
        yield directory


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
    """Of those in batches, at commits and in between; each time the worker goes on by itself."""
    switch = ioerror.Switch(tmp_path)
    switch.on()
    count = figure(600, 20000)
    front = stack.ingest()
    worker = stack.worker(BATCH_SIZE=20, ready=False, **switch.env("EIO", one_in=100))
    begun = time.monotonic()
    front.deliver(users(0, count))
    stack.redis.wait_drained(figure(60, 3600))
    seconds = time.monotonic() - begun
    switch.off()
    worker.wait_ready()
    errors = worker.metric("clerk_worker_db_errors_total")
    report(errors=errors, events=count, lost=0, doubled=0, dead_letters=0, seconds=round(seconds))
    all_there(stack.database, count)
    assert not stack.database.rows(oracle.DOUBLED), "an effect was done twice"
    assert errors >= figure(1, 50), "too few failures to tell anything"
    assert worker.alive()


def test_a_read_only_disk_at_the_start_is_waited_for(stack, disk, report):
    patient = Patient(stack, Database(disk / "clerk.db"))
    assert patient.worker.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    patient.worker = stack.worker(database=patient.database, ready=False)
    patient.worker.wait_log("event=database_unavailable", 15)
    patient.worker.get("/api/status")  # the page, too, must not keep the file open for reading alone
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
