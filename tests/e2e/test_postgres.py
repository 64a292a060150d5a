"""DATABASE_URL=postgres://…: the same rows as SQLite, whatever happens to the server meanwhile."""
import random
import signal

import pytest

from harness import postgres, samples, wait
from harness.database import Database
from harness.process import WORKER, run
from harness.postgres import migrate
from harness.tools import POISON, lines, tool

pytestmark = pytest.mark.skipif(not postgres.is_installed(), reason="no PostgreSQL server is installed")

@pytest.fixture
def pg(stack, server, schema):
    """The stack on PostgreSQL."""
    stack.database = server.database(schema)
    return stack


def settle(stack, ingest, order, database, workers=1, **env):
    """Delivers each (svix_id, body) in the given order, lets workers race, returns what the database then holds."""
    stack.redis.empty()
    programs = [stack.worker(ready=False, database=database, BATCH_SIZE=7, BLOCK_MS=10, **env) for _ in range(workers)]
    ingest.deliver(order)
    for program in programs:
        program.wait_ready()
    stack.redis.wait_drained(60)
    for program in programs:
        assert program.stop() == 0
        assert "database_unavailable" not in program.log()
    return database.dump()


def all_samples():
    return [("msg_" + s.type.replace(".", "_"), s.body) for s in samples.ALL]


@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_the_samples_in_their_order_give_the_same_columns_in_both(stack, ingest, server, schema, tmp_path, mode):
    order = all_samples()
    sqlite = settle(stack, ingest, order, Database(tmp_path / "a.db"), DELETE_MODE=mode)
    found = settle(stack, ingest, order, server.database(schema), DELETE_MODE=mode)
    assert len(found["webhook_events"]) == 51 and found == sqlite


@pytest.mark.parametrize("mode", ["hard", "soft"])
@pytest.mark.parametrize("seed", range(5))
def test_shuffled_and_doubled_for_four_workers_the_rows_are_those_of_sqlite(stack, ingest, server, schema, tmp_path, seed, mode):
    order = all_samples() * 2
    sqlite = settle(stack, ingest, order, Database(tmp_path / "a.db"), DELETE_MODE=mode)
    random.Random(seed).shuffle(order)
    assert settle(stack, ingest, order, server.database(schema), workers=4, DELETE_MODE=mode) == sqlite


def lives(count, seed):
    """Many short lives of users with e-mails that come and go, in random order: what workers may get in each other's way with."""
    events = []
    for user in range(count):
        for turn in range(4):
            addresses = [{"id": f"idn_{user}_{n}", "object": "email_address", "email_address": f"{user}.{n}@example.com"}
                         for n in range(4) if (user + turn + n) % 3]
            events.append(samples.user(user, "user.updated", at=1790000000000 + 1000 * turn, first_name=f"turn {turn}",
                                       email_addresses=addresses, primary_email_address_id=f"idn_{user}_1"))
        if user % 5 == 0:
            events.append(samples.deleted(user, at=1790000009000))
    numbered = [(f"msg_life{n}", body) for n, body in enumerate(events)]
    random.Random(seed).shuffle(numbered)
    return numbered


@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_shuffled_lives_for_four_workers_end_as_with_sqlite(stack, ingest, server, schema, tmp_path, mode):
    sqlite = settle(stack, ingest, lives(60, 1), Database(tmp_path / "a.db"), DELETE_MODE=mode)
    found = settle(stack, ingest, lives(60, 2), server.database(schema), workers=4, DELETE_MODE=mode)
    assert found == sqlite
    assert len(found["tombstones"]) == 12 and len(found["users"]) == (48 if mode == "hard" else 60)


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "9007199254740993", "1e999", "\u20ac\U0001f600"])
def test_strange_metadata_ends_alike_in_both(stack, ingest, server, schema, tmp_path, text):
    value = text if text[0] in "91" else f'"{text}"'
    body = samples.user(1, unsafe_metadata="HERE").replace(b'"HERE"', f'{{"x":{value}}}'.encode())
    order = [("msg_before", samples.user(2)), ("msg_strange", body), ("msg_after", samples.user(3))]
    sqlite = settle(stack, ingest, order, Database(tmp_path / "a.db"))
    assert settle(stack, ingest, order, server.database(schema)) == sqlite


NOISE = "".join(random.Random(1).choices("0123456789abcdef", k=200000))


def long_address():
    address = [{"id": "idn_1", "object": "email_address", "email_address": NOISE}]
    return samples.user(1, email_addresses=address, primary_email_address_id="idn_1")


def long_owner():
    """A session of a user with an endless id."""
    return samples.body({"data": {"id": "sess_1", "object": "session", "user_id": NOISE, "status": "active"}, "object": "event",
                         "type": "session.created", "timestamp": 1790000000000})


@pytest.mark.parametrize("body,dead", [(long_address, False), (long_owner, True)])
def test_texts_too_long_for_a_tree_end_alike_in_both(stack, ingest, server, schema, tmp_path, body, dead):
    order = [("msg_a", samples.user(2)), ("msg_long", body()), ("msg_b", samples.user(3))]
    sqlite = settle(stack, ingest, order, Database(tmp_path / "a.db"))
    database = server.database(schema)
    assert settle(stack, ingest, order, database) == sqlite
    assert [r["svix_id"] for r in sqlite["dead_letters"]] == (["msg_long"] if dead else [])
    reasons = "SELECT reason FROM dead_letters"
    assert database.rows(reasons) == Database(tmp_path / "a.db").rows(reasons)


def test_an_address_is_found_by_its_index(server, schema):
    database = server.database(schema)
    migrate(database)
    plan = database.run("SET enable_seqscan = off; EXPLAIN SELECT * FROM users WHERE email = 'a@example.com'")
    assert "users_email" in plan


def test_what_only_postgres_refuses_is_buried_alone(pg, ingest, server):
    """What this database alone refuses is no reason to stop, nor to lose the batch around it."""
    migrate(pg.database)
    pg.database.refuse("users", "new.first_name = 'Refused'")
    refused = samples.user(1, first_name="Refused", last_name=NOISE)
    ingest.deliver([("msg_a", samples.user(2)), ("msg_refused", refused), ("msg_b", samples.user(3))])
    worker = pg.worker()
    pg.redis.wait_drained()
    assert [r["clerk_id"] for r in pg.database.rows("SELECT clerk_id FROM users ORDER BY 1")] == ["user_e2e2", "user_e2e3"]
    letters = pg.database.rows("SELECT svix_id, reason, attempts, body FROM dead_letters")
    assert [r["svix_id"] for r in letters] == ["msg_refused"] and "SQLSTATE 23514" in letters[0]["reason"]
    assert letters[0]["body"] == refused and NOISE[:20] not in worker.log()


def rows_read_in_passing(database):
    """Rows that were read because all of their table was; ended connections have told of theirs."""
    return int(database.run("SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE schemaname = current_schema() "
                            "AND relname IN ('tombstones', 'webhook_events')"))


def process_at_once(pg, ingest, worker, events):
    worker.signal(signal.SIGSTOP)
    ingest.deliver(events)
    worker.signal(signal.SIGCONT)
    pg.redis.wait_drained()


def test_tables_that_have_grown_since_the_worker_started_are_not_read_whole(pg, ingest):
    """PostgreSQL keeps the plan of a prepared statement from its sixth run on, and those are made while the tables are small."""
    worker = pg.worker()
    batches = [[(f"msg_{n}", samples.user(n)) for n in range(first, first + 60)] for first in range(0, 480, 60)]
    for batch in batches:
        process_at_once(pg, ingest, worker, batch + batch[:5])
    pg.database.run("INSERT INTO webhook_events (svix_id, processed_at, outcome) "
                    "SELECT 'msg_old_' || n, 4000000000000, 'applied' FROM generate_series(1, 200000) AS n")
    process_at_once(pg, ingest, worker, batches[0])
    assert worker.stop() == 0
    assert rows_read_in_passing(pg.database) < 200000


# --- the operator ---

@pytest.mark.parametrize("change,words", [
    (lambda url: url.replace("/clerk?", "/nowhere?"), "3D000"),
    (lambda url: url.replace("clerk@", "nobody@"), "28000"),
])
def test_what_waiting_cannot_mend_stops_the_worker_with_one_line(stack, server, schema, change, words):
    database = server.database(schema)
    worker = stack.worker(ready=False, database=type("Changed", (), {"url": change(database.url)}))
    assert worker.wait_exit() == 1
    assert "event=database_failed" in worker.log() and words in worker.log() and "action=stopping" in worker.log()


def test_a_newer_schema_and_a_foreign_table_are_refused(server, schema):
    database = server.database(schema)
    migrate(database)
    assert migrate(database).stdout == "schema version 1\n"
    database.run("INSERT INTO clerk_migrations VALUES (99)")
    done = run([WORKER, "migrate"], {"DATABASE_URL": database.url})
    assert done.returncode == 1 and "schema version 99 is newer than this program's 1" in done.stderr
    foreign = server.database(schema + "f")
    server.run(f'CREATE SCHEMA "{foreign.schema}"; CREATE TABLE "{foreign.schema}".users (x int)')
    done = run([WORKER, "migrate"], {"DATABASE_URL": foreign.url})
    assert done.returncode == 1 and "has a table users that is not clerk-sync's" in done.stderr
    assert server.run(f"SELECT count(*) FROM pg_tables WHERE schemaname = '{foreign.schema}'").strip() == "1"


def test_workers_that_start_together_install_the_tables_once(stack, server, schema):
    database = server.database(schema)
    workers = [stack.worker(ready=False, database=database) for _ in range(6)]
    for worker in workers:
        worker.wait_ready()
        assert "database_unavailable" not in worker.log()
    assert [r["version"] for r in database.rows("SELECT version FROM clerk_migrations")] == [1]


def test_the_operators_commands_work_the_same(pg, ingest):
    assert "no tables of clerk-sync yet" in tool(pg, "dead", "list", code=1).stderr
    worker = pg.worker()
    ingest.deliver([("msg_good", samples.user(1)), ("msg_bad", POISON)])
    pg.redis.wait_drained()
    assert [r["svix_id"] for r in lines(tool(pg, "dead", "list", "--json"))] == ["msg_bad"]
    assert "applied" in tool(pg, "status").stdout
    assert "put back 1" in tool(pg, "dead", "retry", "msg_bad").stdout
    wait.until(lambda: pg.database.rows("SELECT attempts FROM dead_letters") and pg.redis.backlog() == 0, 20)
    assert pg.database.outcome("msg_bad") == "dead"
    assert "dropped 1" in tool(pg, "dead", "drop", "msg_bad").stdout
    users = b'[{"id":"user_e2e1","object":"user","updated_at":1790000000000,"created_at":1789000000000,"first_name":"New"}]'
    again = users.replace(b"1790000000000", b"1790000000001")
    assert "1 updated" in tool(pg, "import", "users", "-", stdin=again.decode()).stdout
    assert pg.database.row("users", "user_e2e1")["first_name"] == "New"
    assert worker.alive()
