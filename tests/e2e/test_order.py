"""Delivery order, repetition and the number of workers leave no trace in the rows."""
import random

import pytest

from harness import samples, signing, wait
from harness.database import Database, both_databases

SEEDS = range(20)


def svix_id(sample):
    return "msg_" + sample.type.replace(".", "_")


def settle(stack, ingest, order, path, workers=2):
    """Delivers each sample twice in the given order, lets workers race, returns what the database then holds."""
    stack.redis.empty()
    database = Database(path)
    programs = [stack.worker(ready=False, database=database, BATCH_SIZE=7, BLOCK_MS=10) for _ in range(workers)]
    ingest.deliver([(svix_id(s), s.body) for s in order])
    for program in programs:
        program.wait_ready()
    stack.redis.wait_drained()
    for program in programs:
        assert program.stop() == 0
    assert database.integrity() == "ok"
    return database.dump()


@pytest.fixture(scope="module")
def in_order(session_stack, session_ingest, tmp_path_factory):
    return settle(session_stack, session_ingest, samples.ALL, tmp_path_factory.mktemp("order") / "in_order.db", workers=1)


def test_the_causal_order_gives_51_ledger_rows_and_no_dead_letter(in_order):
    assert len(in_order["webhook_events"]) == 51
    assert in_order["dead_letters"] == []
    assert len(in_order["tombstones"]) == 6


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shuffled_doubled_delivery_to_two_workers_ends_in_the_same_rows(stack, ingest, in_order, tmp_path, seed):
    order = samples.ALL * 2
    random.Random(seed).shuffle(order)
    assert settle(stack, ingest, order, tmp_path / "shuffled.db") == in_order


@both_databases
def test_a_duplicate_changes_nothing(stack, ingest):
    worker = stack.worker()
    for number in range(3):
        ingest.deliver([("msg_same", samples.user(number))] * 3)
    stack.redis.wait_drained()
    assert [r["clerk_id"] for r in stack.database.rows("SELECT clerk_id FROM users")] == ["user_e2e0"]
    assert stack.database.count("webhook_events") == 1
    assert worker.metric("clerk_worker_events_processed_total") == 9


@both_databases
def test_an_older_event_is_stale_and_an_equal_one_applies(stack, ingest):
    stack.worker()
    ingest.deliver([("msg_new", samples.user(1, "user.updated", at=1790000002000, first_name="new")),
                    ("msg_old", samples.user(1, "user.created", at=1790000001000, first_name="old"))])
    stack.redis.wait_drained()
    assert stack.database.outcome("msg_old") == "stale"
    assert stack.database.row("users", "user_e2e1")["first_name"] == "new"
    ingest.deliver([("msg_equal", samples.user(1, "user.updated", at=1790000002000, first_name="equal"))])
    stack.redis.wait_drained()
    assert stack.database.outcome("msg_equal") == "applied"
    assert stack.database.row("users", "user_e2e1")["first_name"] == "equal"


@both_databases
@pytest.mark.parametrize("late_by", [-1000, 1000])
def test_no_upsert_older_or_newer_brings_a_deleted_user_back(stack, ingest, late_by):
    stack.worker()
    at = 1790000005000
    ingest.deliver([("msg_1", samples.user(1, at=at - 5000)), ("msg_2", samples.deleted(1, at=at)),
                    ("msg_3", samples.user(1, "user.updated", at=at + late_by))])
    stack.redis.wait_drained()
    assert stack.database.row("users", "user_e2e1") is None
    assert stack.database.outcome("msg_3") == "stale"


@both_databases
def test_what_belongs_to_a_deleted_user_does_not_come_back_either(stack, ingest):
    stack.worker()
    session = samples.BY_TYPE["session.created"]
    ingest.deliver([("msg_gone", samples.BY_TYPE["user.deleted"].body)])
    stack.redis.wait_drained()  # within one batch PostgreSQL gets the session first, and the delete takes it along
    ingest.deliver([("msg_session", session.body)])
    stack.redis.wait_drained()
    assert stack.database.row("sessions", session.data["id"]) is None
    assert stack.database.outcome("msg_session") == "stale"


@both_databases
def test_a_membership_before_its_user_and_organization_is_kept(stack, ingest):
    stack.worker()
    membership = samples.BY_TYPE["organizationMembership.created"]
    ingest.deliver([("msg_m", membership.body)])
    stack.redis.wait_drained()
    assert stack.database.row("organization_memberships", membership.data["id"])


@both_databases
def test_the_same_email_under_a_new_id_is_no_conflict(stack, ingest):
    stack.worker()
    def with_email(number):
        address = [{"id": f"idn_{number}", "object": "email_address", "email_address": "same@example.com", "verification": None}]
        return samples.user(number, email_addresses=address, primary_email_address_id=f"idn_{number}")
    ingest.deliver([("msg_1", with_email(1)), ("msg_2", with_email(2))])
    stack.redis.wait_drained()
    assert [r["email"] for r in stack.database.rows("SELECT email FROM users")] == ["same@example.com"] * 2


@both_databases
def test_soft_mode_keeps_the_rows_and_says_when_they_went(stack, ingest):
    stack.worker(DELETE_MODE="soft")
    story = [s for s in samples.ALL if s.type.split(".")[0] in ("user", "session", "organization", "organizationMembership")]
    ingest.deliver([(svix_id(s), s.body) for s in story])
    stack.redis.wait_drained()
    gone = samples.BY_TYPE["user.deleted"]
    assert stack.database.row("users", gone.data["id"])["deleted_at"] == gone.timestamp
    sessions = stack.database.rows("SELECT deleted_at FROM sessions WHERE user_id = ?", gone.data["id"])
    assert sessions and all(r["deleted_at"] == gone.timestamp for r in sessions)
    ingest.deliver([("msg_late", samples.BY_TYPE["user.updated"].body)])
    stack.redis.wait_drained()
    assert stack.database.row("users", gone.data["id"])["deleted_at"] == gone.timestamp


@both_databases
def test_events_of_another_instance_are_ignored(stack, ingest):
    stack.worker(CLERK_INSTANCE_ID="ins_mine")
    ingest.deliver([("msg_foreign", samples.user(1))])
    wait.until(lambda: stack.database.outcome("msg_foreign") == "ignored", 20, "the outcome ignored")
    assert stack.database.count("users") == 0


@both_databases
def test_two_workers_share_the_work(stack, ingest):
    """Neither worker starves beside the other."""
    first, second = stack.worker(BATCH_SIZE=5, BLOCK_MS=10), stack.worker(BATCH_SIZE=5, BLOCK_MS=10)
    ingest.deliver([(signing.new_id(), samples.user(n)) for n in range(600)])
    stack.redis.wait_drained()
    shares = sorted(w.metric("clerk_worker_events_processed_total") for w in (first, second))
    assert sum(shares) == 600 and stack.database.count("users") == 600
    assert shares[0] * 5 >= shares[1], shares
