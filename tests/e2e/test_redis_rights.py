"""A Redis user with fewer rights than the worker would like: it does its work, says once what it may not do, and stays connected."""
import pytest

from harness import samples, wait
from harness.process import WORKER, run

NEEDED = ["+xgroup", "+xreadgroup", "+xack", "+xdel", "+xautoclaim", "+xpending", "+xlen", "+xrange"]
LESS = {
    "no_xinfo": ["+info", "+eval", "+xinfo", "-xinfo|groups", "-xinfo|consumers"],
    "no_info": ["+eval", "+xinfo"],
    "no_eval": ["+info", "+xinfo"],
    "nothing_more": [],
}


@pytest.fixture
def url_of_user(redis):
    def make(rights):
        redis.client.acl_setuser("modest", reset=True, enabled=True, passwords=["+secret"], keys=["clerk:*"], commands=NEEDED)
        redis.client.execute_command("ACL", "SETUSER", "modest", *rights)
        return f"redis://modest:secret@127.0.0.1:{redis.port}/0"
    yield make
    redis.client.acl_deluser("modest")


def connections(redis):
    return redis.client.info("stats")["total_connections_received"]


@pytest.mark.parametrize("rights", LESS)
def test_a_look_up_that_is_refused_costs_one_line_and_no_connection(stack, redis, url_of_user, rights):
    """Look-ups come every two seconds; removing idle consumers, which is one too, every second here."""
    front = stack.ingest()
    front.deliver([("msg_1", samples.user(1))])
    back = stack.worker(REDIS_URL=url_of_user(LESS[rights]), CLERK_FAULT_SWEEP_MS=1000)
    redis.wait_drained()
    refused = len(redis.client.acl_log())
    wait.until(lambda: refused or redis.client.acl_log(), 10, "the first refusal")
    before = connections(redis)
    pause = wait.Pause(7)
    wait.until(pause.is_over, 10)
    front.deliver([("msg_2", samples.user(2))])
    redis.wait_drained()
    assert connections(redis) == before, back.log()
    warnings = [line for line in back.log().splitlines() if "level=warn" in line]
    assert len(warnings) == sum(f"event={event}" in back.log() for event in ("lookup_refused", "sweep_failed")), back.log()
    assert 1 <= len(warnings) <= 2 and all("why=" in line and "permission" in line or "can't run" in line for line in warnings), warnings
    assert back.get("/readyz")[0] == 200
    assert "secret" not in back.log()


def test_a_right_given_later_counts_without_a_restart(stack, redis, url_of_user):
    stack.ingest().deliver([("msg_1", samples.user(1))])
    back = stack.worker(REDIS_URL=url_of_user(LESS["nothing_more"]))
    back.wait_log("event=lookup_refused")
    redis.client.execute_command("ACL", "SETUSER", "modest", "+xinfo", "+info", "+eval")
    wait.until(lambda: back.metric("clerk_worker_consumers") == 1, 10, "the number of consumers")


def test_status_names_the_right_that_is_missing(stack, redis, url_of_user):
    stack.ingest().deliver([("msg_1", samples.user(1))])
    done = run([WORKER, "status"], {"REDIS_URL": url_of_user(["+exists"]), "DATABASE_URL": stack.database.url})
    assert "NOPERM" in done.stdout + done.stderr, done.stdout + done.stderr
