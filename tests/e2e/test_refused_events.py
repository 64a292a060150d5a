"""Events that the database refuses in ways of its own: a reason in any script, and a refusal that comes with the commit."""
import pytest
from harness import samples
from harness.database import both_databases
from harness.postgres import migrate


def reasons(stack):
    return {r["svix_id"]: r["reason"] for r in stack.database.rows("SELECT svix_id, reason FROM dead_letters")}


@both_databases
@pytest.mark.parametrize("shift", ["", "x"])
def test_a_reason_that_is_cut_ends_with_a_whole_character(stack, ingest, redis, shift):
    """Half a character would be refused by PostgreSQL in its turn, and the worker would have nowhere to put the event."""
    migrate(stack.database)
    stack.database.refuse("users", "new.first_name = 'Unwanted'", words=shift + "ü" * 300)
    stack.worker()
    ingest.deliver([("msg_refused", samples.user(1, first_name="Unwanted")), ("msg_good", samples.user(2))])
    redis.wait_drained()
    assert stack.database.count("users") == 1
    assert reasons(stack)["msg_refused"].startswith("the database refused it: " + shift + "üüü")


@both_databases
def test_a_refusal_that_undoes_the_whole_transaction_is_buried_alone(stack, ingest, redis):
    """A deferred constraint of the application's does so at the commit, SQLite's RAISE(ROLLBACK) at once."""
    migrate(stack.database)
    stack.database.refuse_at_commit("users", "new.first_name = 'Unwanted'")
    ingest.deliver([("msg_a", samples.user(1)), ("msg_late", samples.user(2, first_name="Unwanted")), ("msg_b", samples.user(3))])
    stack.worker()
    redis.wait_drained()
    assert [r["clerk_id"] for r in stack.database.rows("SELECT clerk_id FROM users ORDER BY 1")] == ["user_e2e1", "user_e2e3"]
    assert list(reasons(stack)) == ["msg_late"] and "too late" in reasons(stack)["msg_late"]
