"""A first load from Clerk's Backend API, and finding drift with it; beside running workers."""
import json
import sqlite3
from contextlib import closing

import pytest

from harness import samples
from harness.database import both_databases
from harness.process import WORKER, run

AT = 1790000000000


def load(stack, kind, text, *options, code=0, **env):
    """Runs import with text on standard input; the counts it prints."""
    done = run([WORKER, "import", *options, kind, "-"],
               {"DATABASE_URL": stack.database.url, "REDIS_URL": stack.redis.url, **env}, stdin=text)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    last = done.stdout.splitlines()[-1].removeprefix("dry run: ")
    return {word: int(number) for number, word in (part.split() for part in last.split(", "))}, done


def counts(**given):
    return {"inserted": 0, "updated": 0, "unchanged": 0, "stale": 0, "refused": 0, **given}


def user(number, at=AT, **fields):
    """A user as the Backend API answers it."""
    return json.loads(samples.user(number, at=at, **fields))["data"]


def webhook(number, at, **fields):
    """An event whose envelope is a little younger than its object, as Clerk sends them."""
    event = json.loads(samples.user(number, "user.updated", at=at, **fields))
    return samples.body({**event, "timestamp": at + 40})


@both_databases
@pytest.mark.parametrize("shape", [
    lambda users: json.dumps(users), lambda users: json.dumps(users, indent=2),
    lambda users: json.dumps({"data": users, "total_count": len(users)}),
    lambda users: "\n".join(json.dumps(u) for u in users),
    lambda users: json.dumps(users[:2]) + "\n" + json.dumps({"data": users[2:], "total_count": 9}) + json.dumps([])],
    ids=["array", "pretty", "page", "ndjson", "several"])
def test_every_shape_of_answer_is_loaded(stack, redis, shape):
    users = [user(n, first_name=f"n{n}") for n in range(5)]
    assert load(stack, "users", shape(users))[0] == counts(inserted=5)
    assert stack.database.row("users", "user_e2e3")["first_name"] == "n3"
    assert stack.database.count("webhook_events") == 0, "no ledger rows"
    assert load(stack, "users", shape(users))[0] == counts(unchanged=5)


@both_databases
def test_a_newer_row_is_not_overwritten_and_an_older_one_is(stack, ingest, redis):
    stack.worker()
    ingest.deliver([("msg_1", webhook(1, AT, first_name="hook")), ("msg_2", webhook(2, AT, first_name="hook"))])
    redis.wait_drained()
    older, newer = user(1, at=AT - 5000, first_name="api"), user(2, at=AT + 5000, first_name="api")
    assert load(stack, "users", json.dumps([older, newer]))[0] == counts(updated=1, stale=1)
    assert [stack.database.row("users", f"user_e2e{n}")["first_name"] for n in (1, 2)] == ["hook", "api"]
    assert stack.database.row("users", "user_e2e2")["event_at"] == AT + 5000


@both_databases
def test_webhooks_older_than_an_import_are_stale_and_newer_ones_win(stack, ingest, redis):
    stack.worker()
    load(stack, "users", json.dumps([user(1, first_name="api")]))
    ingest.deliver([("msg_old", webhook(1, AT - 5000, first_name="old"))])
    redis.wait_drained()
    assert stack.database.outcome("msg_old") == "stale" and stack.database.row("users", "user_e2e1")["first_name"] == "api"
    ingest.deliver([("msg_new", webhook(1, AT + 5000, first_name="new"))])
    redis.wait_drained()
    assert stack.database.row("users", "user_e2e1")["first_name"] == "new"


@both_databases
def test_the_same_state_by_webhook_and_by_import_is_no_drift(stack, ingest, redis):
    stack.worker()
    for name in ("user.created", "organization.created", "organizationMembership.created"):
        ingest.deliver([(f"msg_{name.replace('.', '_')}", samples.BY_TYPE[name].body)])
    redis.wait_drained()
    for kind, name in (("users", "user.created"), ("organizations", "organization.created"),
                       ("memberships", "organizationMembership.created")):
        done = load(stack, kind, json.dumps([samples.BY_TYPE[name].data], indent=3), "--dry-run")
        assert done[0] == counts(unchanged=1), done[1].stdout


@both_databases
def test_what_was_deleted_stays_deleted(stack, ingest, redis):
    stack.worker()
    ingest.deliver([("msg_d", samples.deleted(1))])
    redis.wait_drained()
    assert load(stack, "users", json.dumps([user(1, at=AT + 9000)]))[0] == counts(stale=1)
    assert stack.database.count("users") == 0


@both_databases
def test_a_dry_run_prints_what_would_change_and_changes_nothing(stack, redis):
    emails = [{"id": "idn_1", "object": "email_address", "email_address": "a@example.com", "verification": None}]
    load(stack, "users", json.dumps([user(1, first_name="a"), user(2)]))
    before = stack.database.dump()
    changed = user(1, at=AT + 1, first_name="b", email_addresses=emails)
    found, done = load(stack, "users", json.dumps([changed, user(2), user(3), user(1, at=AT - 1, first_name="c")]), "--dry-run")
    assert found == counts(updated=1, unchanged=1, inserted=1, stale=1)
    assert done.stdout.splitlines()[:-1] == [
        "update user_e2e1: updated_at, first_name, user_emails.clerk_id", "insert user_e2e3", "stale user_e2e1: updated_at, first_name"]
    assert "example.com" not in done.stdout, "names of columns, never their content"
    assert stack.database.dump() == before


@both_databases
def test_what_cannot_be_applied_is_named_and_the_others_are_loaded(stack, redis):
    bad = [{"object": "user"}, {**user(7), "id": 7}, user(8, last_sign_in_at="yesterday"), 5]
    found, done = load(stack, "users", json.dumps({"data": [*bad, user(1), user(2)]}), code=1)
    assert found == counts(inserted=2, refused=4)
    assert len(done.stderr.splitlines()) == 4 and "last_sign_in_at" in done.stderr


@both_databases
def test_what_the_database_refuses_is_named_and_the_others_are_loaded(stack, redis):
    load(stack, "users", json.dumps([user(1)]))
    stack.database.refuse("users", "new.clerk_id = 'user_e2e2'", "not this one")
    found, done = load(stack, "users", json.dumps([user(2), user(3)]), code=1)
    assert found == counts(inserted=1, refused=1) and "user_e2e2: not this one" in done.stderr


@pytest.mark.parametrize("text, why", [
    ('[{"id":"user_1","updated_at":1},', "ends in the middle"), ('{"errors":[{"code":"x"}]}', "error that Clerk's API"),
    ("<html>", "neither an object nor a list"), ('[{"id":"user_1"}]]', "neither an object nor a list"),
    ('{"data":[{"id":"user_1"} 5]}', "malformed JSON")], ids=["cut", "error", "html", "bracket", "comma"])
def test_an_answer_that_is_none_is_said_so(stack, redis, text, why):
    assert why in load(stack, "users", text, code=1)[1].stderr


@both_databases
def test_many_pages_are_loaded_while_a_worker_writes(stack, ingest, redis):
    stack.worker()
    pages = "".join(json.dumps({"data": [user(f"p{page}x{n}") for n in range(250)], "total_count": 1000}) for page in range(4))
    ingest.deliver([(f"msg_m{n}", samples.user(n)) for n in range(50)])
    assert load(stack, "users", pages)[0] == counts(inserted=1000)
    redis.wait_drained()
    assert stack.database.count("users") == 1050 and stack.database.integrity() == "ok"


def test_a_locked_database_is_waited_for_and_then_given_up_with_one_line(stack, redis):
    load(stack, "users", json.dumps([user(1)]))
    with closing(sqlite3.connect(stack.database.path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        found, done = load(stack, "users", json.dumps([user(2)]), code=1)
    assert found == counts() and "locked" in done.stderr and len(done.stderr.splitlines()) == 1
