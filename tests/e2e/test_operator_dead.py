"""Dead letters: found, looked at, tried again after the cure, dropped; and none is ever lost."""
import signal
import subprocess

from harness import samples, signing, wait
from harness.database import both_databases
from harness.postgres import migrate
from harness.process import INGEST, WORKER, clean_env, run
from harness.tools import POISON, lines, tool

def letters(stack):
    return {r["svix_id"]: r for r in stack.database.rows("SELECT * FROM dead_letters")}


def refused_users(stack, ingest, redis, count=3):
    """A worker, and users that the database refuses for what they hold."""
    worker = stack.worker()
    stack.database.refuse("users", words="the accountant says no")
    ingest.deliver([(f"msg_u{n}", samples.user(n)) for n in range(count)])
    redis.wait_drained()
    assert len(letters(stack)) == count
    return worker


def wait_applied(stack, redis, count):
    redis.wait_drained()
    wait.until(lambda: stack.database.count("users") == count, 20, f"{count} users")


@both_databases
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


@both_databases
def test_what_a_trigger_of_the_users_raises_is_buried_alone_and_nothing_of_the_row_is_told(stack, ingest, redis):
    """The worker goes on, with the events around it, in the same batch and later."""
    migrate(stack.database)
    stack.database.refuse_by_exception("users", "new.first_name = 'Unwanted'")
    ingest.deliver([("msg_a", samples.user(1)), ("msg_raised", samples.user(2, first_name="Unwanted")), ("msg_b", samples.user(3))])
    worker = stack.worker()
    redis.wait_drained()
    ingest.deliver([("msg_c", samples.user(4))])
    redis.wait_drained()
    assert [r["clerk_id"] for r in stack.database.rows("SELECT clerk_id FROM users ORDER BY 1")] == [f"user_e2e{n}" for n in (1, 3, 4)]
    found = letters(stack)
    assert list(found) == ["msg_raised"] and "raised by" in found["msg_raised"]["reason"]
    assert "event=dead_letter svix_id=msg_raised" in worker.log() and "Unwanted" not in worker.log() + found["msg_raised"]["reason"]
    stack.database.accept("users")
    assert tool(stack, "dead", "retry", "msg_raised").stdout == "put back 1\n"
    wait_applied(stack, redis, 4)


@both_databases
def test_dead_show_has_the_body_and_dead_list_does_not(stack, ingest, redis):
    stack.worker()
    ingest.deliver([("msg_bad", b'{"type":"user.created","data":{"id":7,"secret":"hunter2"}}')])
    redis.wait_drained()
    assert "hunter2" in tool(stack, "dead", "show", "msg_bad").stdout
    assert "hunter2" not in tool(stack, "dead", "list").stdout + tool(stack, "dead", "list", "--json").stdout
    assert "no dead letter" in tool(stack, "dead", "show", "msg_none", code=1).stderr


@both_databases
def test_a_retry_after_the_cure_applies_the_exact_event_and_removes_the_letter(stack, ingest, redis):
    refused_users(stack, ingest, redis)
    stack.database.accept("users")
    assert tool(stack, "dead", "retry", "msg_u1").stdout == "put back 1\n"
    wait_applied(stack, redis, 1)
    assert set(letters(stack)) == {"msg_u0", "msg_u2"} and stack.database.outcome("msg_u1") == "applied"
    assert tool(stack, "dead", "retry", "--all").stdout == "put back 2\n"
    wait_applied(stack, redis, 3)
    assert letters(stack) == {} and stack.database.count("webhook_events") == 3
    ingest.deliver([("msg_u1", samples.user(1, first_name="twice"))])
    redis.wait_drained()
    assert stack.database.row("users", "user_e2e1")["first_name"] is None, "its svix-id is known again"


@both_databases
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


@both_databases
def test_a_dead_letter_whose_ledger_row_was_pruned_can_be_retried(stack, ingest, redis):
    refused_users(stack, ingest, redis, 1)
    stack.database.run("DELETE FROM webhook_events")
    stack.database.accept("users")
    tool(stack, "dead", "retry", "--all")
    wait_applied(stack, redis, 1)
    assert letters(stack) == {}


@both_databases
def test_a_retry_while_redis_is_away_keeps_the_letters(own_stack, own_redis):
    front = own_stack.ingest()
    refused_users(own_stack, front, own_redis)
    own_stack.database.accept("users")
    own_redis.stop()
    done = tool(own_stack, "dead", "retry", "--all", code=1)
    assert "put back 0" in done.stdout and "Redis" in done.stderr and "kept" in done.stderr
    assert len(letters(own_stack)) == 3
    own_redis.start()
    tool(own_stack, "dead", "retry", "--all")
    wait_applied(own_stack, own_redis, 3)
    assert letters(own_stack) == {}


@both_databases
def test_a_retry_whose_end_nobody_knows_loses_and_doubles_nothing(own_stack, own_redis):
    front = own_stack.ingest()
    worker = refused_users(own_stack, front, own_redis, 1)
    own_stack.database.accept("users")
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


@both_databases
def test_a_retry_that_ended_between_mark_and_stream_loses_nothing(stack, ingest, redis):
    refused_users(stack, ingest, redis, 1)
    stack.database.accept("users")
    stack.database.run("UPDATE webhook_events SET outcome = 'retrying'")  # as a command that died there leaves it
    assert len(letters(stack)) == 1
    tool(stack, "dead", "retry", "--all")
    tool(stack, "dead", "retry", "--all")  # whether or not a worker was faster: never twice
    wait_applied(stack, redis, 1)
    assert letters(stack) == {} and stack.database.outcome("msg_u0") == "applied"


@both_databases
def test_dropped_letters_are_gone_and_do_not_come_back(stack, ingest, redis):
    refused_users(stack, ingest, redis)
    stack.database.accept("users")
    assert tool(stack, "dead", "drop", "msg_u0").stdout == "dropped 1\n"
    assert tool(stack, "dead", "drop", "--all").stdout == "dropped 2\n"
    ingest.deliver([("msg_u0", samples.user(0))])
    redis.wait_drained()
    assert letters(stack) == {} and stack.database.count("users") == 0


@both_databases
def test_an_export_can_be_sent_again(stack, ingest, redis, tmp_path):
    refused_users(stack, ingest, redis)
    ingest.deliver([("msg_none", b"not json"), ("msg_pretty", samples.user(9).replace(b",", b",\n"))])
    redis.wait_drained()
    stack.database.accept("users")
    done = tool(stack, "dead", "export")
    assert len(lines(done)) == 4 and "1 left out" in done.stderr
    path = tmp_path / "dead.ndjson"
    path.write_text(done.stdout)
    sent = run([INGEST, "send", "--url", f"http://127.0.0.1:{ingest.port}/api/webhooks", path],
               {"CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET})
    assert sent.returncode == 0, sent.stderr
    wait_applied(stack, redis, 4)


@both_databases
def test_a_retry_killed_in_the_middle_is_finished_by_the_next(stack, ingest, redis):
    refused_users(stack, ingest, redis, 300)
    stack.database.accept("users")
    env = clean_env({"REDIS_URL": stack.redis.url, "DATABASE_URL": stack.database.url})
    child = subprocess.Popen([str(WORKER), "dead", "retry", "--all"], env=env, stdout=subprocess.DEVNULL)
    wait.until(lambda: len(letters(stack)) < 300 or child.poll() is not None, 20, "some to be applied")
    child.kill()
    child.wait(10)
    redis.wait_drained()
    assert len(letters(stack)) + stack.database.count("users") == 300, "each is a letter or applied"
    tool(stack, "dead", "retry", "--all")
    wait_applied(stack, redis, 300)
    assert letters(stack) == {} and stack.database.count("webhook_events") == 300
