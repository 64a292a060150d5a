"""PostgreSQL behind PgBouncer in transaction mode: each transaction may run in another session, so nothing lasts from one to the
next, neither prepared statements nor settings."""
import random

import pytest

from harness import pgbouncer, postgres, samples, wait
from harness.database import Database
from harness.tools import POISON, lines, tool

pytestmark = pytest.mark.skipif(not postgres.is_installed() or not pgbouncer.is_installed(), reason="no PgBouncer is installed")

STATEMENTS = [0, 100] if pgbouncer.is_installed() and pgbouncer.keeps_statements() else [0]
POOL = 2
USERS = 50


@pytest.fixture(scope="module", params=STATEMENTS, ids=lambda n: f"max_prepared_statements={n}")
def bouncer(server, request):
    made = pgbouncer.PgBouncer(server, POOL, request.param)
    yield made
    made.close()


@pytest.fixture
def own_bouncer(own_server):
    made = pgbouncer.PgBouncer(own_server, POOL)
    yield made
    made.close()


@pytest.fixture
def pg(stack, bouncer, schema):
    """The stack on PostgreSQL behind the pooler."""
    stack.database = bouncer.database(schema)
    return stack


def shuffled_samples(seed):
    order = [("msg_" + s.type.replace(".", "_"), s.body) for s in samples.ALL] * 2
    random.Random(seed).shuffle(order)
    return order


def settle(stack, ingest, order, database, workers, **env):
    stack.redis.empty()
    ingest.deliver(order)
    programs = [stack.worker(ready=False, database=database, BATCH_SIZE=7, BLOCK_MS=10, **env) for _ in range(workers)]
    for program in programs:
        program.wait_ready()
    stack.redis.wait_drained(60)
    for program in programs:
        assert program.stop() == 0
        assert "database_unavailable" not in program.log(), program.log()[-3000:]
    return database.dump()


@pytest.mark.parametrize("mode", ["hard", "soft"])
@pytest.mark.parametrize("seed", range(2))
def test_shuffled_and_doubled_for_five_workers_on_two_sessions_the_rows_are_those_of_sqlite(stack, ingest, bouncer, schema, tmp_path,
                                                                                           seed, mode):
    order = shuffled_samples(seed)
    sqlite = settle(stack, ingest, order, Database(tmp_path / "a.db"), 1, DELETE_MODE=mode)
    found = settle(stack, ingest, order, bouncer.database(schema), 5, DELETE_MODE=mode)
    assert len(found["webhook_events"]) == 51 and found == sqlite


@pytest.mark.parametrize("options", ["&prepare=off", "&prepare=on"])
def test_the_rows_are_the_same_whatever_the_url_says_about_names(stack, ingest, own_bouncer, schema, tmp_path, options):
    """prepare=on before a pooler that keeps no names is noticed at the first statement that is not where it was left."""
    order = shuffled_samples(7)
    sqlite = settle(stack, ingest, order, Database(tmp_path / "a.db"), 1)
    stack.redis.empty()
    ingest.deliver(order)
    database = own_bouncer.database(schema, options)
    workers = [stack.worker(ready=False, database=database, BATCH_SIZE=7, BLOCK_MS=10) for _ in range(3)]
    stack.redis.wait_drained(60)
    assert database.dump() == sqlite and all(w.alive() for w in workers)
    assert all(w.log().count("event=database_unavailable") <= (2 if options.endswith("on") else 0) for w in workers)


def test_no_setting_of_ours_stays_in_the_sessions_of_others(pg, ingest, bouncer):
    pg.worker()
    ingest.deliver([(f"msg_{n}", samples.user(n)) for n in range(20)])
    pg.redis.wait_drained()
    names = "statement_timeout", "lock_timeout", "search_path", "idle_in_transaction_session_timeout"
    there = bouncer.run("; ".join(f"SHOW {n}" for n in names)).split("\n")[:-1]
    assert there == pg.database.server.run("; ".join(f"SHOW {n}" for n in names)).split("\n")[:-1]
    assert not bouncer.run("SELECT name FROM pg_prepared_statements WHERE name LIKE 'clerk%'").strip()


def test_the_settings_hold_inside_each_transaction(pg, ingest, bouncer):
    """A trigger writes down what the worker's own transaction runs under."""
    postgres.migrate(pg.database)
    pg.database.run("CREATE TABLE seen (name text, value text); CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                    "INSERT INTO seen SELECT n, current_setting(n) FROM unnest(ARRAY['lock_timeout','statement_timeout','search_path',"
                    "'synchronous_commit','idle_in_transaction_session_timeout']) n; RETURN new; END $$; "
                    "CREATE TRIGGER look AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION look()")
    pg.database.server.run("ALTER ROLE clerk SET synchronous_commit = off")
    try:
        bouncer.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk' AND pid <> pg_backend_pid() "
                    "AND client_addr IS NULL AND application_name = 'clerk-worker'")
        pg.worker()
        ingest.deliver([("msg_1", samples.user(1))])
        pg.redis.wait_drained()
    finally:
        pg.database.server.run("ALTER ROLE clerk RESET synchronous_commit")
    seen = {r["name"]: r["value"] for r in pg.database.rows("SELECT DISTINCT name, value FROM seen")}
    assert seen == {"lock_timeout": "10s", "statement_timeout": "30s", "search_path": pg.database.schema, "synchronous_commit": "on",
                    "idle_in_transaction_session_timeout": "5s"}


def test_the_operators_commands_work_the_same(pg, ingest):
    assert "no tables of clerk-sync yet" in tool(pg, "dead", "list", code=1).stderr
    pg.worker()
    ingest.deliver([("msg_good", samples.user(1)), ("msg_bad", POISON)])
    pg.redis.wait_drained()
    assert [r["svix_id"] for r in lines(tool(pg, "dead", "list", "--json"))] == ["msg_bad"]
    assert "applied" in tool(pg, "status").stdout
    assert "put back 1" in tool(pg, "dead", "retry", "msg_bad").stdout
    wait.until(lambda: pg.redis.backlog() == 0 and pg.database.outcome("msg_bad") == "dead", 20)
    assert "dropped 1" in tool(pg, "dead", "drop", "msg_bad").stdout
    users = '[{"id":"user_e2e1","object":"user","updated_at":1790000000001,"created_at":1789000000000,"first_name":"New"}]'
    assert "1 updated" in tool(pg, "import", "users", "-", stdin=users).stdout


def test_poison_among_others_is_buried_alone(pg, ingest):
    """Savepoints and roll-backs stay in their session."""
    pg.worker(BATCH_SIZE=20)
    pg.database.refuse("users", "new.first_name = 'Refused'")
    ingest.deliver([(f"msg_{n}", samples.user(n, first_name="Refused" if n % 10 == 3 else "Fine")) for n in range(60)])
    pg.redis.wait_drained()
    assert pg.database.count("users") == 54 and pg.database.count("dead_letters") == 6


class Flood:
    """Events for some users; which state must win is known."""

    def __init__(self, stack, ingest, count, start=0):
        self.stack, self.count = stack, start + count
        ingest.deliver([(f"msg_f{n}", samples.user(n % USERS, "user.updated", at=1790000000000 + n, first_name=str(n)))
                        for n in range(start, start + count)])

    def judge(self, workers):
        self.stack.redis.wait_drained(60)
        database = self.stack.database
        assert all(w.alive() for w in workers)
        assert database.count("webhook_events") == self.count and database.count("dead_letters") == 0
        newest = {r["clerk_id"]: int(r["first_name"]) for r in database.rows("SELECT clerk_id, first_name FROM users")}
        assert newest == {f"user_e2e{u}": self.count - USERS + u for u in range(USERS)}


def test_a_pooler_that_dies_again_and_again_loses_and_doubles_nothing(stack, ingest, own_bouncer, schema):
    stack.database = own_bouncer.database(schema)
    workers = [stack.worker(BATCH_SIZE=10, BLOCK_MS=10, CLAIM_IDLE_MS=1000) for _ in range(4)]
    flood = Flood(stack, ingest, 0)
    for turn in range(4):
        flood = Flood(stack, ingest, 300, turn * 300)
        wait.until(lambda: stack.redis.backlog() < 250, 20, "some progress")
        own_bouncer.kill()
        own_bouncer.start()
    flood.judge(workers)
    for worker in workers:
        down, up = "event=database_unavailable", "event=database_available"
        wait.until(lambda w=worker: w.log().count(down) == w.log().count(up), 15, "the worker to be well again")
        assert worker.log().count(down) <= 4, worker.log()[-3000:]


def test_a_server_that_crashes_behind_the_pooler_is_waited_out(stack, ingest, own_bouncer, schema):
    stack.database = own_bouncer.database(schema)
    workers = [stack.worker(BATCH_SIZE=10) for _ in range(2)]
    own_bouncer.server.crash()
    for worker in workers:  # they are idle, and the pooler keeps them waiting for a server that does not come
        worker.wait_log("event=database_unavailable")
        wait.until(lambda w=worker: w.get("/readyz")[0] == 503, 10, "the worker to say that it is not ready")
    flood = Flood(stack, ingest, 200)
    own_bouncer.server.resume()
    flood.judge(workers)


def test_a_server_that_was_read_only_behind_the_pooler_is_written_to_again(stack, ingest, own_bouncer, schema):
    """The pooler tells new clients what the server was like when it first saw it."""
    server = own_bouncer.server
    stack.database = own_bouncer.database(schema)
    postgres.migrate(stack.database)
    own_bouncer.kill()
    server.run("ALTER DATABASE clerk SET default_transaction_read_only = on")
    own_bouncer.start()
    worker = stack.worker(ready=False)
    flood = Flood(stack, ingest, 100)
    worker.wait_log("event=database_unavailable")
    server.run("SET TRANSACTION READ WRITE; ALTER DATABASE clerk RESET default_transaction_read_only")
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'clerk'")
    flood.judge([worker])


def test_more_workers_than_sessions_stop_at_once(stack, ingest, own_bouncer, schema):
    """SIGTERM reaches a worker that waits for the pooler to give it a session."""
    stack.database = own_bouncer.database(schema)
    workers = [stack.worker(BATCH_SIZE=5) for _ in range(5)]
    flood = Flood(stack, ingest, 500)
    assert [w.stop(10) for w in workers] == [0] * 5
    flood.judge([stack.worker(CLAIM_IDLE_MS=1000)])
