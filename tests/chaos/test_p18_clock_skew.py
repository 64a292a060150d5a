"""P18: a clock that is wrong by less than the tolerance is seen in a metric, by more is refused; the age of a backlog is no matter."""
import glob
import time

import pytest

from bench.settings import both_databases
from harness import samples, signing, wait
from harness.redis_server import STREAM

TOLERANCE_S = 300
DAY_S = 86400


@pytest.mark.parametrize("shift_s, status", [(-(TOLERANCE_S - 1), 200), (TOLERANCE_S - 1, 200), (-(TOLERANCE_S + 1), 400),
                                             (TOLERANCE_S + 2, 400)])  # 2: the second may turn between signing and checking
def test_webhooks_pass_within_the_tolerance_only(stack, redis, shift_s, status):
    front = stack.ingest()
    answer = front.post(samples.user(1), timestamp=signing.now_s() + shift_s)
    assert answer.status == status
    assert redis.backlog() == (1 if status == 200 else 0)
    if status == 400:
        assert b"Timestamp outside tolerance" in answer.body
        assert front.metric("clerk_ingest_signature_failures_total") == 1
    else:
        skew = [line for line in front.get("/metrics")[1].splitlines() if line.startswith("clerk_ingest_clock_skew_seconds ")]
        assert abs(float(skew[0].split()[1]) + shift_s) <= 2


@pytest.mark.parametrize("shift_s, status", [(-(TOLERANCE_S - 5), 200), (TOLERANCE_S - 5, 200), (-(TOLERANCE_S + 5), 400),
                                             (TOLERANCE_S + 5, 400)])
def test_a_machine_whose_clock_is_wrong_refuses_by_the_same_rule(stack, redis, shift_s, status):
    library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not library:
        pytest.skip("the package faketime is not installed")
    front = stack.ingest(LD_PRELOAD=library[0], FAKETIME=f"{shift_s:+d}s", FAKETIME_DONT_FAKE_MONOTONIC=1,
                         ASAN_OPTIONS="detect_leaks=0:exitcode=99:verify_asan_link_order=0")
    assert front.post(samples.user(1)).status == status


@both_databases
def test_a_backlog_of_ten_days_is_applied(stack, redis):
    """The worker never judges a timestamp: ingest has."""
    old_s = int(time.time()) - 10 * DAY_S
    for n in range(50):
        at = (old_s + n) * 1000
        redis.client.xadd(STREAM, {"id": f"msg_old{n}", "type": "user.created", "ts": old_s, "received": at,
                                   "body": samples.user(f"old{n}", at=at)}, id=f"{at}-0")
    worker = stack.worker(ready=False)
    redis.wait_drained()
    assert stack.database.count("users") == 50 and stack.database.count("dead_letters") == 0
    wait.until(lambda: worker.metric("clerk_worker_events_processed_total") == 50, 10, "the metric")


@both_databases
def test_a_clock_that_jumps_back_stops_nobody(stack, redis):
    """Events from the future, as a fast sender makes them, are rows like others; the newest of them wins."""
    front = stack.ingest()
    ahead = int(time.time() * 1000) + 200000
    front.deliver([("msg_ahead", samples.user(1, at=ahead, first_name="ahead")),
                   ("msg_now", samples.user(1, at=ahead - 200000, first_name="now"))])
    stack.worker()
    redis.wait_drained()
    assert stack.database.row("users", "user_e2e1")["first_name"] == "ahead"
    assert stack.database.outcome("msg_now") == "stale"
