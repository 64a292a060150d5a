"""What a person does at night: look at the backlog and at what waits."""
import json
import os
import pty
import subprocess

import pytest

from harness import samples
from harness.database import both_databases
from harness.process import WORKER, clean_env
from harness.redis_server import GROUP, STREAM
from harness.tools import POISON, lines, tool

# --- status ---

def test_status_of_an_empty_system_says_what_is_not_there_yet(stack, redis):
    report = json.loads(tool(stack, "status", "--json").stdout)
    assert report["queue"]["length"] == 0 and report["redis"]["up"] and not report["database"]["up"]
    assert "there is no database yet" in report["database"]["why"]
    assert not stack.database.path.exists(), "looking creates nothing"


def test_status_counts_the_backlog_and_says_that_a_worker_is_missing(stack, ingest, redis):
    ingest.deliver([(f"msg_s{n}", samples.user(n)) for n in range(7)])
    report = json.loads(tool(stack, "status", "--json").stdout)
    assert (report["queue"]["length"], report["queue"]["lag"], report["queue"]["pending"]) == (7, 7, 0)
    assert "events waiting: 7" in report["advice"][0]["text"] and "start one" in report["advice"][0]["text"]
    assert report["redis"]["maxmemory_policy"] == "noeviction" and report["redis"]["appendfsync"] == "always"


@both_databases
def test_status_shows_consumers_types_dead_letters_and_the_database(stack, ingest, redis):
    stack.worker(WORKER_NAME="night-shift")
    ingest.deliver([("msg_1", samples.user(1)), ("msg_2", POISON), ("msg_3", samples.deleted(1))])
    redis.wait_drained()
    report = json.loads(tool(stack, "status", "--json").stdout)
    assert [c["name"] for c in report["queue"]["consumers"]] == ["night-shift"]
    assert report["database"]["ledger_rows"] == 3 and report["database"]["dead_letters"] == 1
    assert report["database"]["processed_last_minute"] == 3 and report["database"]["file_bytes"] > 0
    assert {t["type"]: t["recent_count"] for t in report["types"]} == {"user.created": 2, "user.deleted": 1}
    assert any("dead letters: 1" in a["text"] and "dead list" in a["text"] for a in report["advice"])
    text = tool(stack, "status").stdout
    assert "backlog\t0 events" in text and "night-shift" in text and "dead letters\t1" in text


def test_status_tells_what_pending_entries_a_silent_worker_holds(stack, ingest, redis):
    ingest.deliver([(f"msg_p{n}", samples.user(n)) for n in range(5)])
    if not redis.client.xinfo_groups(STREAM):
        redis.client.xgroup_create(STREAM, GROUP, id="0")
    redis.client.xreadgroup(GROUP, "gone", {STREAM: ">"}, count=3)
    report = json.loads(tool(stack, "status", "--json").stdout)
    assert (report["queue"]["lag"], report["queue"]["pending"]) == (2, 3)
    assert [(c["name"], c["pending"]) for c in report["queue"]["consumers"]] == [("gone", 3)]


@both_databases
def test_status_without_redis_shows_the_rest_and_fails(own_stack, own_redis):
    own_stack.worker()
    own_redis.stop()
    done = tool(own_stack, "status", code=1)
    assert "redis\taway" in done.stdout and "schema" in done.stdout and "! trouble" in done.stdout


def test_status_needs_no_more_rights_than_a_worker(own_stack, own_redis):
    rights = "-@all +select +ping +info +exists +xinfo|stream +xinfo|groups +xinfo|consumers +xrange".split()
    own_redis.client.execute_command("ACL", "SETUSER", "looker", "on", ">secret", "~clerk:events", *rights)
    own_redis.client.xadd(STREAM, {"id": "msg_1", "type": "user.created", "ts": 1, "received": 1, "body": "{}"})
    url = own_redis.url.replace("redis://", "redis://looker:secret@")
    report = json.loads(tool(own_stack, "status", "--json", REDIS_URL=url).stdout)
    assert report["queue"]["length"] == 1 and report["redis"]["aof"] and report["redis"]["appendfsync"] is None
    assert "msg_1" in tool(own_stack, "peek", REDIS_URL=url).stdout


@both_databases
def test_status_watch_looks_again_and_tells_the_rate(stack, ingest, redis):
    ingest.deliver([("msg_w", samples.user(1))])
    env = clean_env({"REDIS_URL": stack.redis.url, "DATABASE_URL": stack.database.url})
    with subprocess.Popen([str(WORKER), "status", "--watch", "--every", "1", "--json"], env=env, stdout=subprocess.PIPE) as child:
        looks = [json.loads(child.stdout.readline()) for _ in range(2)]
        child.terminate()
    assert "added_per_second" not in looks[0]["queue"] and looks[1]["queue"]["added_per_second"] == 0.0


# --- peek ---

def test_peek_shows_the_oldest_events_without_taking_them(stack, ingest, redis):
    ingest.deliver([("msg_a", samples.user(1)), ("msg_b", samples.deleted(2)), ("msg_c", samples.user(3))])
    found = lines(tool(stack, "peek", "--count", "2", "--json"))
    assert [(e["svix_id"], e["type"], e["object_id"]) for e in found] == [
        ("msg_a", "user.created", "user_e2e1"), ("msg_b", "user.deleted", "user_e2e2")]
    assert all("body" not in e and e["age_ms"] >= 0 for e in found)
    assert redis.backlog() == 3 and redis.pending() == 0
    plain = tool(stack, "peek").stdout.splitlines()
    assert [row.split("\t")[1] for row in plain] == ["msg_a", "msg_b", "msg_c"]


def test_peek_finds_a_type_behind_many_others(stack, ingest, redis):
    ingest.deliver([(f"msg_{n}", samples.user(n)) for n in range(120)] + [("msg_last", samples.deleted(1))])
    assert [e["svix_id"] for e in lines(tool(stack, "peek", "--type", "*.deleted", "--json"))] == ["msg_last"]
    assert len(lines(tool(stack, "peek", "--count", "121", "--json"))) == 121


def test_peek_shows_bodies_only_on_request(stack, ingest, redis):
    ingest.deliver([("msg_a", samples.user(1, first_name="Ada"))])
    assert "Ada" not in tool(stack, "peek").stdout
    assert "Ada" in tool(stack, "peek", "--body").stdout
    assert json.loads(lines(tool(stack, "peek", "--body", "--json"))[0]["body"])["data"]["first_name"] == "Ada"


def test_a_terminal_gets_titles_and_no_control_characters(stack, redis):
    redis.client.xadd(STREAM, {"id": "msg_x", "type": "user.\x1b[2Jcreated", "ts": 1, "received": 1, "body": "{}"})
    reader, writer = pty.openpty()
    env = clean_env({"REDIS_URL": stack.redis.url, "DATABASE_URL": stack.database.url})
    assert subprocess.run([str(WORKER), "peek"], env=env, stdout=writer, timeout=20, check=False).returncode == 0
    os.close(writer)
    text = os.read(reader, 65536).decode()
    os.close(reader)
    assert text.startswith("ENTRY ") and "msg_x" in text and "\x1b" not in text


@pytest.mark.parametrize("words", [
    ["status", "--wacht"], ["status", "now"], ["status", "--every", "0"], ["peek", "--count", "many"], ["peek", "--type"],
    ["dead"], ["dead", "bury"], ["dead", "retry"], ["dead", "drop"], ["dead", "retry", "msg_1", "--all"], ["dead", "list", "x"],
    ["dead", "show"], ["dead", "list", "--older", "5"], ["dead", "export", "--all"], ["import"], ["import", "users"],
    ["import", "cats", "-"], ["import", "users", "/nonexistent"], ["status", "--json=1"], ["migrate", "now"], ["migrate", "--to"],
    ["migrate", "--dry-run"], ["migrate", "--to", "sqlite:x.db"]], ids=" ".join)
def test_wrong_use_is_one_line_and_exit_code_2(stack, words):
    done = tool(stack, *words, code=2)
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("command", ["status", "peek", "dead", "import", "migrate"])
def test_help_fits_a_screen_and_shows_an_example(stack, command):
    text = tool(stack, command, "--help").stdout
    assert len(text.splitlines()) <= 24 and "example: " in text
    assert max(len(line) for line in text.splitlines()) <= 92
