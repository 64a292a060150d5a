"""PostgreSQL cut off, crashed, read-only, locked; workers killed: nothing lost, nothing doubled, nothing buried."""
import threading
import time

import pytest

from harness import postgres, samples, wait

pytestmark = pytest.mark.skipif(not postgres.is_installed(), reason="no PostgreSQL server is installed")

# One more than the effects so far of an event on a user; an upsert alone would hide that something took effect twice.
EFFECTS = """
CREATE TABLE effects (clerk_id TEXT PRIMARY KEY, n BIGINT NOT NULL);
CREATE FUNCTION note_effect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO effects VALUES (new.clerk_id, 1) ON CONFLICT (clerk_id) DO UPDATE SET n = effects.n + 1; RETURN new; END $$;
CREATE TRIGGER note_effect AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note_effect();
"""


class Flood:
    """Events for a number of users, each with its place in the ledger and its share of the effects."""

    def __init__(self, stack, ingest, count):
        self.stack, self.count = stack, count
        ingest.deliver([(f"msg_f{n}", samples.user(n % 50, "user.updated", at=1790000000000 + n, first_name=str(n)))
                        for n in range(count)])

    def judge(self, workers, seconds):
        """Nothing lost, nothing doubled, nothing buried, the newest state."""
        database = self.stack.database
        self.stack.redis.wait_drained(seconds)
        assert all(w.alive() for w in workers)
        assert database.count("webhook_events") == self.count and database.count("dead_letters") == 0
        applied = database.rows("SELECT count(*) AS n FROM webhook_events WHERE outcome = 'applied'")[0]["n"]
        assert database.rows("SELECT sum(n) AS n FROM effects")[0]["n"] == applied
        newest = {r["clerk_id"]: int(r["first_name"]) for r in database.rows("SELECT clerk_id, first_name FROM users")}
        assert newest == {f"user_e2e{u}": self.count - 50 + u for u in range(50)}


def prepared(stack, database):
    stack.database = database
    postgres.migrate(database)
    database.run(EFFECTS)


def test_connections_cut_all_the_time_lose_and_double_nothing(stack, ingest, server, schema):
    prepared(stack, server.database(schema))
    flood = Flood(stack, ingest, 3000)
    workers = [stack.worker(ready=False, BATCH_SIZE=10, BLOCK_MS=10, CLAIM_IDLE_MS=1000) for _ in range(2)]
    cuts, until = 0, time.monotonic() + 60
    while stack.redis.backlog() > 0 and time.monotonic() < until:
        cuts += server.cut_workers()
        pause = wait.Pause(0.2)
        wait.until(pause.is_over, 5)
    flood.judge(workers, 60)
    assert cuts >= 5


def test_a_crash_of_the_server_is_waited_out(stack, ingest, own_server, schema):
    prepared(stack, own_server.database(schema))
    workers = [stack.worker(BATCH_SIZE=20) for _ in range(2)]
    own_server.crash()
    flood = Flood(stack, ingest, 500)
    for worker in workers:
        worker.wait_log("event=database_unavailable")
        wait.until(lambda w=worker: w.get("/readyz")[0] == 503, 10, "the worker to say that it is not ready")
    own_server.resume()
    flood.judge(workers, 20)
    for worker in workers:
        worker.wait_log("event=database_available")


def test_a_worker_started_before_its_database_waits_for_it(stack, ingest, own_server, schema):
    prepared(stack, own_server.database(schema))
    own_server.crash()
    worker = stack.worker(ready=False)
    worker.wait_log("event=database_unavailable")
    own_server.resume()
    worker.wait_ready()


def test_a_database_that_becomes_read_only_is_waited_out(stack, ingest, own_server, schema):
    """As after a failover, when the connection still leads to what has become a standby (25006)."""
    prepared(stack, own_server.database(schema))
    worker = stack.worker()
    own_server.run("ALTER DATABASE clerk SET default_transaction_read_only = on")
    own_server.cut_workers()
    flood = Flood(stack, ingest, 200)
    worker.wait_log("event=database_unavailable")
    assert stack.redis.backlog() == 200
    own_server.run("SET TRANSACTION READ WRITE; ALTER DATABASE clerk RESET default_transaction_read_only")
    flood.judge([worker], 20)


def test_a_lock_that_somebody_holds_delays_and_buries_nothing(stack, ingest, server, schema):
    prepared(stack, server.database(schema))
    server.run("ALTER ROLE clerk IN DATABASE clerk SET deadlock_timeout = '50ms'")
    flood = Flood(stack, ingest, 2000)
    workers = [stack.worker(ready=False, BATCH_SIZE=50, BLOCK_MS=10) for _ in range(4)]
    while stack.redis.backlog() > 0:
        server.run(f'SET search_path TO "{schema}"; BEGIN; SELECT 1 FROM users ORDER BY clerk_id DESC LIMIT 20 FOR UPDATE; '
                   "SELECT pg_sleep(0.05); SELECT 1 FROM users ORDER BY clerk_id LIMIT 40 FOR UPDATE; COMMIT", check=False)
    flood.judge(workers, 60)


def test_killed_workers_lose_and_double_nothing(stack, ingest, server, schema):
    prepared(stack, server.database(schema))
    flood = Flood(stack, ingest, 2000)
    for _ in range(8):
        victim = stack.worker(ready=False, BATCH_SIZE=10, BLOCK_MS=10, CLAIM_IDLE_MS=1000)
        before = stack.redis.backlog()
        wait.until(lambda: stack.redis.backlog() < before or before == 0, 20, "some progress")
        victim.kill()
    flood.judge([stack.worker(BATCH_SIZE=100, CLAIM_IDLE_MS=1000)], 60)


def test_sigterm_ends_a_worker_that_waits_for_its_turn(stack, ingest, server, schema):
    prepared(stack, server.database(schema))
    worker = stack.worker()
    ingest.deliver([("msg_1", samples.deleted(1))])
    stack.redis.wait_drained()
    thread = threading.Thread(target=server.run, args=(
        f'SET search_path TO "{schema}"; BEGIN; SELECT pg_advisory_xact_lock(1668053857, hashtext(current_schema()::text)), '
        "pg_sleep(6); COMMIT",))
    thread.start()
    wait.until(lambda: server.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted").strip() != "0", 5)
    ingest.deliver([("msg_2", samples.user(2))])
    wait.until(lambda: server.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").strip() != "0", 5)
    assert worker.stop(4) == 0
    thread.join()
    stack.worker(CLAIM_IDLE_MS=1000)
    stack.redis.wait_drained()
    assert stack.database.row("users", "user_e2e2")
