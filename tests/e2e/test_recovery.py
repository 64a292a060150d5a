"""Restarts, kills and trouble in the middle: nothing is lost, nothing is applied twice."""
import os
import signal
import sqlite3
from contextlib import closing

import pytest

from harness import samples, wait
from harness.database import Database, both_databases
from harness.redis_server import GROUP, STREAM

ROUND = 200


def users(start, count=ROUND):
    return [(f"msg_r{n}", samples.user(n)) for n in range(start, start + count)]


def all_there(stack, count):
    assert stack.database.count("users") == count
    assert stack.database.count("webhook_events") == count
    assert stack.database.count("dead_letters") == 0
    assert stack.database.integrity() == "ok"


@both_databases
def test_events_wait_for_the_first_worker(stack, ingest, redis):
    ingest.deliver(users(0))
    assert redis.backlog() == ROUND
    stack.worker()
    redis.wait_drained()
    all_there(stack, ROUND)


@both_databases
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(stack, ingest, redis):
    ingest.deliver(users(0, 600))
    first = stack.worker(BATCH_SIZE=10, WORKER_NAME="first")
    wait_for_events(stack, 50)
    first.kill()
    second = stack.worker(BATCH_SIZE=10, CLAIM_IDLE_MS=1000, WORKER_NAME="second")
    redis.wait_drained()
    all_there(stack, 600)
    assert second.alive()


@both_databases
def test_a_worker_with_its_own_name_takes_up_at_once_what_it_held(stack, ingest, redis):
    ingest.deliver(users(0, 50))
    redis.client.xgroup_create(STREAM, GROUP, id="0") if not redis.client.xinfo_groups(STREAM) else None
    redis.client.xreadgroup(GROUP, "steady", {STREAM: ">"}, count=30)
    assert redis.pending() == 30
    stack.worker(WORKER_NAME="steady", CLAIM_IDLE_MS=3600000)
    redis.wait_drained()
    all_there(stack, 50)


@both_databases
def test_what_a_dead_consumer_left_is_claimed(stack, ingest, redis):
    ingest.deliver(users(0, 50))
    redis.client.xgroup_create(STREAM, GROUP, id="0") if not redis.client.xinfo_groups(STREAM) else None
    redis.client.xreadgroup(GROUP, "dead-and-gone", {STREAM: ">"}, count=30)
    stack.worker(CLAIM_IDLE_MS=1000)
    redis.wait_drained()
    all_there(stack, 50)


@both_databases
def test_redis_restarts_under_load_without_loss(own_stack, own_redis):
    front, back = own_stack.ingest(), own_stack.worker()
    for round_number in range(3):
        front.deliver(users(round_number * ROUND))
        own_redis.restart()
        front.wait_ready()
    own_redis.wait_drained()
    all_there(own_stack, 3 * ROUND)
    assert back.alive()


@both_databases
def test_redis_killed_without_notice_keeps_what_was_answered_200(own_stack, own_redis):
    front = own_stack.ingest()
    front.deliver(users(0))
    own_redis.process.kill()
    own_redis.start()
    own_stack.worker()
    own_redis.wait_drained()
    all_there(own_stack, ROUND)


def test_ingest_killed_without_notice_keeps_what_was_answered_200(stack, redis):
    front = stack.ingest()
    front.deliver(users(0))
    front.kill()
    assert redis.backlog() == ROUND


@both_databases
def test_a_flushed_redis_is_served_on(stack, ingest, redis):
    worker = stack.worker()
    ingest.deliver(users(0, 10))
    redis.wait_drained()
    redis.empty()
    ingest.deliver(users(10, 10))
    redis.wait_drained()
    all_there(stack, 20)
    assert worker.alive()


def test_a_locked_database_is_waited_for(stack, ingest, redis):
    worker = stack.worker()
    with closing(sqlite3.connect(stack.database.path, timeout=10, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        ingest.deliver(users(0, 10))
        wait.until(lambda: worker.get("/readyz")[0] == 503, 20, "the worker to say that it cannot work")
        assert redis.pending() >= 1 and redis.backlog() == 10 and stack.database.count("users") == 0
        db.execute("ROLLBACK")
    redis.wait_drained()
    all_there(stack, 10)
    assert worker.alive()


BAD = {
    "no_json": b"not json at all",
    "truncated": samples.user(1)[:-5],
    "not_utf8": samples.user(1).replace(b"user_e2e1", b"user_\xff\xfe"),
    "no_id": b'{"type":"user.created","timestamp":1790000000000,"data":{"object":"user"}}',
    "id_is_a_number": b'{"type":"user.created","timestamp":1790000000000,"data":{"id":5}}',
    "data_is_text": b'{"type":"user.created","timestamp":1790000000000,"data":"x"}',
    "nul_in_id": b'{"type":"user.created","timestamp":1790000000000,"data":{"id":"user_a\\u0000b"}}',
    "wrong_kind": samples.user(1, last_sign_in_at="yesterday"),
    "time_is_a_fraction": samples.user(1).replace(b'"timestamp":1790000000000', b'"timestamp":1.5'),
    "too_deep": b'{"type":"user.created","timestamp":1790000000000,"data":{"id":"user_d","x":' + b"[" * 2000 + b"]" * 2000 + b"}}",
}


@both_databases
def test_what_cannot_be_applied_is_kept_as_a_dead_letter_and_delays_nobody(stack, ingest, redis):
    worker = stack.worker()
    mixed = []
    for n, (name, body) in enumerate(BAD.items()):
        mixed += [(f"msg_{name}", body), (f"msg_good{n}", samples.user(f"good{n}"))]
    ingest.deliver(mixed)
    redis.wait_drained()
    letters = {r["svix_id"]: r for r in stack.database.rows("SELECT * FROM dead_letters")}
    assert set(letters) == {f"msg_{name}" for name in BAD}
    for name, body in BAD.items():
        letter = letters[f"msg_{name}"]
        stored = letter["body"] if isinstance(letter["body"], bytes) else letter["body"].encode()
        assert stored == body and letter["reason"] and letter["attempts"] <= 3, name
        assert stack.database.outcome(f"msg_{name}") == "dead"
    assert stack.database.count("users") == len(BAD)
    assert worker.metric("clerk_worker_events_processed_total") == 2 * len(BAD)


@both_databases
def test_an_escaped_nul_in_metadata_is_kept(stack, ingest, redis):
    stack.worker()
    ingest.deliver([("msg_nul", samples.user(1, unsafe_metadata={"k": "a\0b"}))])
    redis.wait_drained()
    assert "\\u0000" in stack.database.row("users", "user_e2e1")["unsafe_metadata"]


@both_databases
def test_an_entry_that_ingest_did_not_write_is_dealt_with(stack, ingest, redis):
    worker = stack.worker()
    redis.client.xadd(STREAM, {"hello": "world"})
    redis.client.xadd(STREAM, {"id": "msg_only", "body": ""})
    ingest.deliver(users(0, 5))
    redis.wait_drained()
    assert stack.database.count("users") == 5 and worker.alive()


@both_databases
def test_sigterm_drains_and_exits_0(stack, redis):
    front, back = stack.ingest(), stack.worker()
    front.deliver(users(0))
    assert front.stop() == 0
    assert back.stop() == 0
    done = stack.database.count("webhook_events")
    assert done + redis.backlog() == ROUND, "acknowledged exactly what was committed"


def events_in(database):
    tables = database.rows("SELECT 1 FROM sqlite_master WHERE name = 'webhook_events'")
    return database.count("webhook_events") if tables else 0


def test_a_worker_that_stops_applies_what_it_has_read_ahead(stack, ingest, redis):
    ingest.deliver(users(0, 1000))
    worker = stack.worker(BATCH_SIZE=5)
    wait.until(lambda: events_in(stack.database) >= 50, 20, "some progress")
    assert worker.stop() == 0
    assert redis.backlog() > 0, "it should be stopped in the middle"
    assert redis.pending() == 0
    assert events_in(stack.database) == 1000 - redis.backlog()
    stack.worker()
    redis.wait_drained()
    all_there(stack, 1000)


def test_connections_cut_under_load_lose_and_leave_nothing(stack, ingest, redis):
    ingest.deliver(users(0, 1000))
    worker = stack.worker(BATCH_SIZE=5, WORKER_NAME="cut", CLAIM_IDLE_MS=3600000)
    for least in (50, 150, 250):
        wait.until(lambda: events_in(stack.database) >= least, 20, "some progress")
        redis.client.client_kill_filter(_type="normal", skipme=True)
    redis.wait_drained()
    all_there(stack, 1000)
    assert worker.stop() == 0


def test_sigint_ends_as_sigterm_does(stack):
    for program in (stack.ingest(), stack.worker()):
        program.signal(signal.SIGINT)
        assert program.wait_exit() == 0


@both_databases
def test_a_worker_stops_while_redis_is_away(own_stack, own_redis):
    back, front = own_stack.worker(), own_stack.ingest()
    own_redis.stop()
    wait.until(lambda: back.get("/readyz")[0] == 503, 20, "not ready")
    assert back.stop() == 0
    assert front.stop() == 0


@both_databases
def test_a_worker_that_starts_without_redis_waits_for_it(own_stack, own_redis):
    front = own_stack.ingest()
    front.deliver(users(0, 5))
    own_redis.stop()
    back = own_stack.worker(ready=False)
    wait.until(lambda: back.get("/livez")[0] == 200, 20, "alive without Redis")
    assert back.get("/readyz")[0] == 503
    own_redis.start()
    own_redis.wait_drained()
    all_there(own_stack, 5)


def test_a_missing_database_directory_stops_the_worker_with_one_clear_line(stack, tmp_path):
    worker = stack.worker(ready=False, database=Database(tmp_path / "no" / "such" / "clerk.db"))
    assert worker.wait_exit() not in (0, 99)
    assert "no/such" in worker.log() or "directory" in worker.log().lower()
    assert len(worker.log().strip().splitlines()) <= 2, worker.log()


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to be looked at" * 20])
def test_a_file_that_is_no_database_stops_the_worker_and_is_not_touched(stack, tmp_path, content):
    stack.database.path.write_bytes(content)
    worker = stack.worker(ready=False)
    assert worker.wait_exit() not in (0, 99)
    assert stack.database.path.read_bytes() == content


def test_the_database_is_readable_by_its_owner_alone(stack):
    stack.worker()
    assert os.stat(stack.database.path).st_mode & 0o077 == 0


@both_databases
def test_an_entry_that_somebody_else_wrote_is_kept_as_a_dead_letter(stack, redis):
    with_a_body = redis.client.xadd(STREAM, {"body": "{}"}).decode()
    with_neither_id_nor_body = redis.client.xadd(STREAM, {"foo": "bar"}).decode()
    stack.worker()
    redis.wait_drained()
    wait.until(lambda: stack.database.count("dead_letters") == 2, 20, "both to be kept")
    letters = {r["svix_id"]: r["reason"] for r in stack.database.rows("SELECT * FROM dead_letters")}
    assert set(letters) == {with_a_body, with_neither_id_nor_body}
    assert all("no svix-id" in reason for reason in letters.values())


def deliver_suspects(stack, redis, count):
    """Events that consumer "steady" was given so often that each has to run alone."""
    stack.ingest().deliver(users(0, count))
    redis.client.xreadgroup(GROUP, "steady", {STREAM: ">"}, count=count)
    for _ in range(3):
        redis.client.xreadgroup(GROUP, "steady", {STREAM: "0"}, count=count)


def wait_for_events(stack, count):
    wait.until(lambda: len(stack.database.rows("SELECT 1 AS one FROM webhook_events")) >= count, 20, f"{count} events")


@both_databases
def test_a_frozen_redis_does_not_hold_up_each_suspect_anew(own_stack, own_redis):
    deliver_suspects(own_stack, own_redis, 300)
    own_stack.worker(WORKER_NAME="steady", BATCH_SIZE=300)
    wait_for_events(own_stack, 3)
    own_redis.process.signal(signal.SIGSTOP)
    try:
        wait_for_events(own_stack, own_stack.database.count("webhook_events") + 30)
    finally:
        own_redis.process.signal(signal.SIGCONT)
    own_redis.wait_drained()
    all_there(own_stack, 300)
