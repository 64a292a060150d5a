"""P7: trouble with PostgreSQL, each provoked in a real server. Ingest does not notice; the workers wait, lose nothing, double nothing,
bury nothing, say so once, and go on by themselves."""
import os
import re
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from bench import oracle
from bench.load import Load, workers
from bench.patient import BEFORE, Patient, users
from bench.postmaster import freeze_recovery, kill_postmaster
from bench.settings import figure
from bench.tmpfs import fill, small_disk
from bench.watch import lines
from harness import postgres, wait
from harness.stack import Stack

pytestmark = pytest.mark.skipif(not postgres.is_installed(), reason="no PostgreSQL server is installed")

STARTING = "FATAL:  the database system is "  # starting up, or not yet accepting connections
DOWN, UP = "event=database_unavailable", "event=database_available"


@pytest.fixture
def stack(redis, tmp_path):
    made = Stack(redis, tmp_path)
    yield made
    made.finish()


@pytest.fixture(scope="module")
def lasting_server():
    made = postgres.PostgresServer()
    yield made
    made.close()


@pytest.fixture
def own_server(lasting_server):
    """What a test does to it is undone afterwards."""
    yield lasting_server
    if not lasting_server.is_ready():
        lasting_server.resume()
    lasting_server.run("ALTER SYSTEM RESET ALL")
    lasting_server.run("SELECT pg_reload_conf()")
    lasting_server.run("SET TRANSACTION READ WRITE; ALTER DATABASE clerk RESET ALL; ALTER ROLE clerk IN DATABASE clerk RESET ALL")


@pytest.fixture
def schema(request):
    return "t_" + "".join(c if c.isalnum() else "_" for c in request.node.name)[-40:]


@pytest.fixture
def on_server(stack, schema):
    """on_server(server): the stack on a database there that counts effects."""
    def put(server, kind=postgres.PostgresDatabase):
        stack.database = kind(server, schema)
        oracle.prepare(stack.database)
        return stack
    return put


@pytest.fixture
def small_server(tmp_path):
    """Its whole cluster lies on a disk that can be filled."""
    with small_disk(Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp")), 128) as folder:
        folder.chmod(0o755)
        made = postgres.PostgresServer(folder=str(folder))
        yield made
        made.close()
    folder.rmdir()


class AppDatabase(postgres.PostgresDatabase):
    """For a role that is no superuser."""

    @property
    def url(self):
        return super().url.replace("clerk@", "app@")


def why(worker):
    said = lines(worker, DOWN)
    assert len(said) == 1, worker.log()[-3000:]
    return said[0]


def recovers(patient, report, sqlstate=None):
    patient.recovers(report)
    assert not patient.database.rows(oracle.DOUBLED)
    if sqlstate:
        assert sqlstate in why(patient.worker)


def each_change_once(programs):
    """Down and up take turns, and never twice the same."""
    for program in programs:
        said = re.findall(f"{DOWN}|{UP}", program.log())
        assert said[0::2] == [DOWN] * len(said[0::2]) and said[1::2] == [UP] * len(said[1::2]), program.log()[-3000:]


# --- full ---

def test_a_full_disk_is_waited_for(stack, on_server, small_server, report):
    patient = Patient(on_server(small_server))
    ballast = fill(small_server.dir.parent.parent)
    patient.suffers(figure(3, 30), least=1)  # what finds room in the pages that are there is kept
    ballast.unlink()
    recovers(patient, report, "53100")


def test_a_disk_too_full_for_the_log_ends_the_server_and_is_waited_for(stack, on_server, small_server, report):
    """It cannot write ahead: PANIC, and no restart until there is room."""
    patient = Patient(on_server(small_server))
    ballast = fill(small_server.dir.parent.parent)
    small_server.run("SELECT pg_logical_emit_message(true, 'x', repeat('x', 1000000)) FROM generate_series(1, 60)", check=False)
    wait.until(lambda: "PANIC" in small_server.log(), 20, "the server to panic")
    patient.suffers(2)
    ballast.unlink()
    if not small_server.is_ready():
        wait.until(lambda: subprocess.run(["pgrep", "-F", small_server.dir / "data/postmaster.pid"],
                                          capture_output=True).returncode != 0 or small_server.is_ready(), 20)
    if not small_server.is_ready():
        small_server.resume()
    recovers(patient, report)


# --- gone and back ---

def test_a_server_that_recovers_is_waited_for(stack, on_server, own_server, report):
    """kill -9 of the postmaster, much to replay, and a recovery long enough to be met while it lasts (57P03)."""
    patient = Patient(on_server(own_server))
    own_server.run("CREATE TABLE ballast AS SELECT n, repeat('x', 500) FROM generate_series(1, 100000) n")
    kill_postmaster(own_server)
    recovery = freeze_recovery(own_server)
    try:
        patient.suffers(0)
        wait.until(lambda: own_server.log().count(STARTING) > 0, 10, "the worker to be turned away")
    finally:
        os.kill(recovery, signal.SIGCONT)
    wait.until(own_server.is_ready, 30, "the server to be ready")
    recovers(patient, report)


def test_crashes_under_load_lose_and_double_nothing(stack, on_server, own_server, redis, dice, report):
    on_server(own_server)
    front, back = stack.ingest(), workers(stack, 3)
    load = Load([front], count=figure(7000, 100000), rate=figure(700, 1000))
    crashes = 0
    while load.sender.is_sending():
        calm = wait.Pause(dice.uniform(0.5, 2))
        wait.until(lambda: calm.is_over() or not load.sender.is_sending(), 10, "the next crash")
        own_server.crash()
        own_server.resume()
        crashes += 1
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert crashes >= 3 and all(w.alive() for w in back)
    each_change_once(back)
    report(verdict, crashes=crashes)


def test_connections_cut_each_second_under_load_lose_and_double_nothing(stack, on_server, session_server, redis, report):
    on_server(session_server)
    front, back = stack.ingest(), workers(stack, 3)
    load = Load([front], count=figure(7000, 100000), rate=figure(700, 1000))
    cuts = 0
    while load.sender.is_sending():
        calm = wait.Pause(1)
        wait.until(lambda: calm.is_over() or not load.sender.is_sending(), 10, "the next cut")
        cuts += session_server.cut_workers()
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert cuts >= 10 and all(w.alive() for w in back)
    each_change_once(back)
    report(verdict, cuts=cuts)


def test_more_connections_than_allowed_are_waited_for(stack, on_server, own_server, schema, report):
    own_server.run("CREATE ROLE app LOGIN CONNECTION LIMIT 10; GRANT CREATE ON DATABASE clerk TO app")
    on_server(own_server, AppDatabase).database.run("ALTER TABLE chaos_effects OWNER TO app")
    patient = Patient(stack)
    own_server.run("ALTER ROLE app CONNECTION LIMIT 0")
    assert own_server.cut_workers() >= 1
    patient.suffers(2)
    own_server.run("ALTER ROLE app CONNECTION LIMIT 10")
    recovers(patient, report)
    assert "too many connections" in own_server.log()


# --- read only ---

@pytest.fixture
def standby(own_server):
    made = postgres.Standby(own_server)
    own_server.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
    own_server.run("SELECT pg_reload_conf()")
    wait.until(lambda: "sync" in own_server.run("SELECT sync_state FROM pg_stat_replication").split(), 20, "the standby to keep up")
    yield made
    made.close()


def test_a_failover_to_a_standby_is_followed(stack, on_server, own_server, standby, report):
    """The URL names both; the one that takes writes is found, also when the roles have changed."""
    class Both(postgres.PostgresDatabase):
        @property
        def url(self):
            return super().url.replace(f"host={self.server.dir}", f"host={own_server.dir},{standby.dir}")
    patient = Patient(on_server(own_server, Both))
    own_server.crash()
    patient.suffers(2)
    patient.database.server = standby
    standby.promote()
    recovers(patient, report)


def test_a_server_that_is_a_standby_for_a_while_is_waited_for(stack, on_server, own_server, standby, report):
    on_server(own_server)
    patient = Patient(stack)
    assert patient.worker.stop() == 0
    patient.database.server = standby
    patient.worker = stack.worker(database=patient.database, ready=False)
    patient.suffers(2)
    assert "takes no writes" in why(patient.worker)
    own_server.crash()
    standby.promote()
    recovers(patient, report)


def test_a_database_set_to_read_only_is_waited_for(stack, on_server, own_server, report):
    patient = Patient(on_server(own_server))
    own_server.run("ALTER DATABASE clerk SET default_transaction_read_only = on")
    own_server.cut_workers()
    patient.suffers(2)
    own_server.run("SET TRANSACTION READ WRITE; ALTER DATABASE clerk RESET default_transaction_read_only")
    recovers(patient, report)


# --- locks ---

class Rival:
    """Another program with a transaction of its own."""

    def __init__(self, database, sql):
        self.thread = threading.Thread(target=database.run, args=(sql,), daemon=True)
        self.thread.start()

    def leave(self):
        self.thread.join(60)
        assert not self.thread.is_alive()


def wait_for_lock(database, mode):
    sql = f"SELECT count(*) FROM pg_locks WHERE mode = '{mode}' AND granted AND relation = 'users'::regclass"
    wait.until(lambda: database.run(sql).strip() != "0", 5, mode)


def test_a_lock_held_by_another_program_is_waited_for(stack, on_server, own_server, report):
    """For longer than our lock_timeout: 55P03."""
    patient = Patient(on_server(own_server))
    rival = Rival(patient.database, "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(12); COMMIT")
    wait_for_lock(patient.database, "AccessExclusiveLock")
    patient.suffers(0.5)
    rival.leave()
    recovers(patient, report, "55P03")


def test_a_deadlock_with_another_program_costs_one_more_try(stack, on_server, own_server, report):
    """The rival takes a later row first and waits for the worker to stand between: the worker is who is sent away, 40P01."""
    patient = Patient(on_server(own_server))
    own_server.run("ALTER ROLE clerk IN DATABASE clerk SET deadlock_timeout = '1s'")
    own_server.cut_workers()
    rival = Rival(patient.database, "SET deadlock_timeout = '30s'; BEGIN; "
                  "SELECT 1 FROM users WHERE clerk_id = 'user_e2ed9' FOR UPDATE; DO $$ BEGIN "
                  "WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$; "
                  "SELECT 1 FROM users WHERE clerk_id = 'user_e2ed1' FOR UPDATE; COMMIT")
    wait_for_lock(patient.database, "RowShareLock")
    again = [(f"msg_again{n}", body.replace(b"1790000000000", b"1790000000500")) for n, (_, body) in enumerate(users(0, BEFORE))]
    patient.front.deliver(again)
    patient.redis.wait_drained(20)
    rival.leave()
    assert "deadlock detected" in own_server.log() and "40P01" in lines(patient.worker, DOWN)[-1]
    assert patient.database.rows("SELECT count(*) AS n FROM users WHERE event_at = 1790000000500")[0]["n"] == BEFORE
    assert patient.database.count("dead_letters") == 0 and not patient.database.rows(oracle.DOUBLED)
    each_change_once([patient.worker])
