"""P20: ingest refuses before Redis has to, and the worker finds the room it needs to drain."""
import time

import pytest

from bench.settings import both_databases, figure
from bench.watch import lines
from harness import samples, wait

MEMORY_MB = figure(8, 64)
HIGH_WATER, SLACK = 0.85, 0.05


@pytest.fixture
def redis(make_redis):
    return make_redis("--maxmemory", f"{MEMORY_MB}mb")


def body(n):
    return samples.user(f"b{n}", unsafe_metadata={"padding": "x" * 3000})


def fill_to_the_brim(front):
    """Delivers until refused; returns how many were answered 200."""
    for n in range(1000000):
        answer = front.post(body(n), svix_id=f"msg_b{n}")
        if answer.status != 200:
            assert answer.status == 503 and answer.headers["retry-after"]
            return n
    raise AssertionError("never full")


@both_databases
def test_ingest_refuses_at_the_high_water_mark_and_redis_never_has_to(stack, redis, report):
    front = stack.ingest()
    kept = fill_to_the_brim(front)
    used = redis.client.info("memory")["used_memory"] / (MEMORY_MB * 1024 * 1024)
    until = time.monotonic() + 3
    refused = 0
    while time.monotonic() < until:
        assert front.post(body(kept + refused)).status == 503
        refused += 1
    status, why = front.get("/readyz")
    assert status == 503 and "85 %" in why
    assert "errorstat_OOM" not in redis.client.info("errorstats"), "Redis had to refuse"
    assert HIGH_WATER - SLACK <= used <= HIGH_WATER + SLACK, used

    worker = stack.worker()
    drain_from = time.monotonic()
    redis.wait_drained(figure(30, 120))
    drained_s = time.monotonic() - drain_from
    wait.until(lambda: front.post(body(kept), svix_id=f"msg_b{kept}").status == 200, 5, "room again")
    redis.wait_drained()
    assert stack.database.count("users") == kept + 1
    assert worker.alive() and "errorstat_OOM" not in redis.client.info("errorstats")
    assert len(lines(front, "event=queue_down")) == 1, front.log()[-2000:]
    report(kept=kept, refused=refused, used=round(used, 2), drained_s=round(drained_s, 1))


def test_a_burst_between_two_looks_at_redis_stays_below_the_limit(stack, redis, report):
    """Ingest asks Redis once a second; what it has sent since then counts, too."""
    front = stack.ingest()
    kept = sum(front.post(body(n)).status == 200 for n in range(figure(100, 400)))
    big = samples.user("big", unsafe_metadata={"padding": "x" * 900000})
    kept += sum(front.post(big).status == 200 for _ in range(2 * MEMORY_MB))
    used = redis.client.info("memory")["used_memory"] / (MEMORY_MB * 1024 * 1024)
    report(kept=kept, used=round(used, 2))
    assert "errorstat_OOM" not in redis.client.info("errorstats")
