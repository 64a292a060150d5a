"""What a person does at night: look at the backlog, find the dead letter, try it again."""
import json
import os
import pty
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest

from harness import samples, signing, wait
from harness.process import INGEST, WORKER, clean_env, run
from harness.redis_server import GROUP, STREAM

POISON = b'{"type":"user.created","timestamp":1790000000000,"data":{"id":5}}'
REFUSE = "CREATE TRIGGER refuse BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'the accountant says no'); END"


def tool(stack, *words, code=0, stdin=None, **env):
    """Runs a subcommand of clerk-worker; its exit code must be code."""
    done = run([WORKER, *words], {"REDIS_URL": stack.redis.url, "DATABASE_URL": stack.database.url, **env}, stdin=stdin)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def execute(stack, sql):
    with closing(sqlite3.connect(stack.database.path, timeout=10, isolation_level=None)) as db:
        db.execute(sql)


def letters(stack):
    return {r["svix_id"]: r for r in stack.database.rows("SELECT * FROM dead_letters")}


def refused_users(stack, ingest, redis, count=3):
    """A worker, and users that the database refuses for what they hold."""
    worker = stack.worker()
    execute(stack, REFUSE)
    ingest.deliver([(f"msg_u{n}", samples.user(n)) for n in range(count)])
    redis.wait_drained()
    assert len(letters(stack)) == count
    return worker


def wait_applied(stack, redis, count):
    redis.wait_drained()
    wait.until(lambda: stack.database.count("users") == count, 20, f"{count} users")


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


def test_status_without_redis_shows_the_rest_and_fails(own_stack, own_redis):
    own_stack.worker()
    own_redis.stop()
    done = tool(own_stack, "status", code=1)
    assert "redis\taway" in done.stdout and "schema" in done.stdout and "! trouble" in done.stdout


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


# --- dead letters ---

def test_dead_list_filters_by_type_reason_and_age(stack, ingest, redis):
    refused_users(stack, ingest, redis, 2)
    ingest.deliver([("msg_bad", POISON), ("msg_none", b"not json")])
    redis.wait_drained()

    def ids(*words):
        return {e["svix_id"] for e in lines(tool(stack, "dead", "list", "--json", *words))}

    assert ids() == {"msg_u0", "msg_u1", "msg_bad", "msg_none"}
    assert ids("--reason", "ACCOUNTANT") == {"msg_u0", "msg_u1"}
    assert ids("--type", "user.*") == {"msg_u0", "msg_u1", "msg_bad"}
    assert ids("--newer", "1h") == ids() and ids("--older", "1h") == set()
    assert ids("--type", "user.*", "--reason", "data.id", "--newer=1h") <= {"msg_bad"}
    assert len(tool(stack, "dead", "list", "--count", "1").stdout.splitlines()) == 1


def test_dead_show_has_the_body_and_dead_list_does_not(stack, ingest, redis):
    stack.worker()
    ingest.deliver([("msg_bad", b'{"type":"user.created","data":{"id":7,"secret":"hunter2"}}')])
    redis.wait_drained()
    assert "hunter2" in tool(stack, "dead", "show", "msg_bad").stdout
    assert "hunter2" not in tool(stack, "dead", "list").stdout + tool(stack, "dead", "list", "--json").stdout
    assert "no dead letter" in tool(stack, "dead", "show", "msg_none", code=1).stderr


def test_a_retry_after_the_cure_applies_the_exact_event_and_removes_the_letter(stack, ingest, redis):
    refused_users(stack, ingest, redis)
    execute(stack, "DROP TRIGGER refuse")
    assert tool(stack, "dead", "retry", "msg_u1").stdout == "put back 1\n"
    wait_applied(stack, redis, 1)
    assert set(letters(stack)) == {"msg_u0", "msg_u2"} and stack.database.outcome("msg_u1") == "applied"
    assert tool(stack, "dead", "retry", "--all").stdout == "put back 2\n"
    wait_applied(stack, redis, 3)
    assert letters(stack) == {} and stack.database.count("webhook_events") == 3
    ingest.deliver([("msg_u1", samples.user(1, first_name="twice"))])
    redis.wait_drained()
    assert stack.database.row("users", "user_e2e1")["first_name"] is None, "its svix-id is known again"


def test_a_retried_poison_comes_back_as_a_dead_letter(stack, ingest, redis):
    worker = stack.worker()
    ingest.deliver([("msg_bad", POISON)])
    redis.wait_drained()
    before = letters(stack)["msg_bad"]
    tool(stack, "dead", "retry", "--type", "user.*")
    redis.wait_drained()
    after = letters(stack)["msg_bad"]
    assert after["body"] == before["body"] == POISON and after["failed_at"] > before["failed_at"]
    assert stack.database.outcome("msg_bad") == "dead" and worker.metric("clerk_worker_events_processed_total") == 2


def test_a_dead_letter_whose_ledger_row_was_pruned_can_be_retried(stack, ingest, redis):
    refused_users(stack, ingest, redis, 1)
    execute(stack, "DELETE FROM webhook_events")
    execute(stack, "DROP TRIGGER refuse")
    tool(stack, "dead", "retry", "--all")
    wait_applied(stack, redis, 1)
    assert letters(stack) == {}


def test_a_retry_while_redis_is_away_keeps_the_letters(own_stack, own_redis):
    front = own_stack.ingest()
    refused_users(own_stack, front, own_redis)
    execute(own_stack, "DROP TRIGGER refuse")
    own_redis.stop()
    done = tool(own_stack, "dead", "retry", "--all", code=1)
    assert "put back 0" in done.stdout and "Redis" in done.stderr and "kept" in done.stderr
    assert len(letters(own_stack)) == 3
    own_redis.start()
    tool(own_stack, "dead", "retry", "--all")
    wait_applied(own_stack, own_redis, 3)
    assert letters(own_stack) == {}


def test_a_retry_whose_end_nobody_knows_loses_and_doubles_nothing(own_stack, own_redis):
    front = own_stack.ingest()
    worker = refused_users(own_stack, front, own_redis, 1)
    execute(own_stack, "DROP TRIGGER refuse")
    own_redis.process.signal(signal.SIGSTOP)
    assert "put back 0" in tool(own_stack, "dead", "retry", "--all", code=1).stdout
    assert len(letters(own_stack)) == 1
    own_redis.process.signal(signal.SIGCONT)  # and now Redis may find the command in its socket
    wait.until(own_redis.answers, 20, "redis to answer")
    tool(own_stack, "dead", "retry", "--all")
    wait_applied(own_stack, own_redis, 1)
    assert letters(own_stack) == {} and own_stack.database.outcome("msg_u0") == "applied" and worker.alive()


def test_a_retry_creates_no_database(stack, redis):
    assert "there is no database yet" in tool(stack, "dead", "retry", "--all", code=1).stderr
    assert not stack.database.path.exists()


def test_a_retry_that_ended_between_mark_and_stream_loses_nothing(stack, ingest, redis):
    refused_users(stack, ingest, redis, 1)
    execute(stack, "DROP TRIGGER refuse")
    execute(stack, "UPDATE webhook_events SET outcome = 'retrying'")  # as a command that died there leaves it
    assert len(letters(stack)) == 1
    tool(stack, "dead", "retry", "--all")
    tool(stack, "dead", "retry", "--all")  # whether or not a worker was faster: never twice
    wait_applied(stack, redis, 1)
    assert letters(stack) == {} and stack.database.outcome("msg_u0") == "applied"


def test_dropped_letters_are_gone_and_do_not_come_back(stack, ingest, redis):
    refused_users(stack, ingest, redis)
    execute(stack, "DROP TRIGGER refuse")
    assert tool(stack, "dead", "drop", "msg_u0").stdout == "dropped 1\n"
    assert tool(stack, "dead", "drop", "--all").stdout == "dropped 2\n"
    ingest.deliver([("msg_u0", samples.user(0))])
    redis.wait_drained()
    assert letters(stack) == {} and stack.database.count("users") == 0


def test_an_export_can_be_sent_again(stack, ingest, redis, tmp_path):
    refused_users(stack, ingest, redis)
    ingest.deliver([("msg_none", b"not json"), ("msg_pretty", samples.user(9).replace(b",", b",\n"))])
    redis.wait_drained()
    execute(stack, "DROP TRIGGER refuse")
    done = tool(stack, "dead", "export")
    assert len(lines(done)) == 4 and "1 left out" in done.stderr
    path = tmp_path / "dead.ndjson"
    path.write_text(done.stdout)
    sent = run([INGEST, "send", "--url", f"http://127.0.0.1:{ingest.port}/api/webhooks", path],
               {"CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET})
    assert sent.returncode == 0, sent.stderr
    wait_applied(stack, redis, 4)


@pytest.mark.parametrize("words", [
    ["status", "--wacht"], ["status", "now"], ["status", "--every", "0"], ["peek", "--count", "many"], ["peek", "--type"],
    ["dead"], ["dead", "bury"], ["dead", "retry"], ["dead", "drop"], ["dead", "retry", "msg_1", "--all"], ["dead", "list", "x"],
    ["dead", "show"], ["dead", "list", "--older", "5"], ["dead", "export", "--all"], ["import"], ["import", "users"],
    ["import", "cats", "-"], ["import", "users", "/nonexistent"], ["status", "--json=1"]], ids=" ".join)
def test_wrong_use_is_one_line_and_exit_code_2(stack, words):
    done = tool(stack, *words, code=2)
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.parametrize("command", ["status", "peek", "dead", "import"])
def test_help_fits_a_screen_and_shows_an_example(stack, command):
    text = tool(stack, command, "--help").stdout
    assert len(text.splitlines()) <= 24 and "example: " in text
    assert max(len(line) for line in text.splitlines()) <= 92
