"""P20: ingest refuses before Redis has to, and the worker finds the room it needs to drain."""
import time

import pytest

from bench import oracle
from bench.load import Load, ingests
from bench.settings import both_databases, figure
from bench.watch import lines, rss_mb
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


class Flood:
    """A sender that never rests and a worker that comes and goes."""

    def __init__(self, stack, redis):
        self.stack, self.redis = stack, redis
        self.front = ingests(stack, 1)
        self.load = Load(self.front, count=figure(100000, 5000000), rate=figure(2000, 4000), processes=figure(1, 2))
        self.sender = self.load.sender
        self.most_used = 0

    def share_used(self):
        """Of the memory that Redis may take. Redis itself never had to refuse."""
        info = self.redis.client.info()
        assert "errorstat_OOM" not in info, "Redis had to refuse"
        used = info["used_memory"] / (MEMORY_MB * 1024 * 1024)
        self.most_used = max(self.most_used, used)
        return used

    def is_refused(self):
        return self.share_used() and self.front[0].get("/readyz")[0] == 503

    def fill_and_hold(self, seconds):
        """Returns how many were answered 200 while it was full, which may be few: what was freed by Redis itself."""
        wait.until(self.is_refused, 300, "the high-water mark")
        before, calm = self.sender.counter("answered"), wait.Pause(seconds)
        wait.until(lambda: self.share_used() and calm.is_over(), seconds + 10)
        assert self.is_refused() and self.sender.is_sending()
        return self.sender.counter("answered") - before

    def drain(self):
        """The worker meets a sender that goes on. Returns the seconds until it has caught up."""
        worker, begun = self.stack.worker(ready=False, CLAIM_IDLE_MS=1000), time.monotonic()
        wait.until(lambda: self.share_used() and self.redis.backlog() < 1000, figure(60, 300), "the worker to catch up")
        wait.until(lambda: not self.is_refused(), 5, "room again")
        took = time.monotonic() - begun
        assert worker.stop() == 0
        return took


@both_databases
def test_round_after_round_of_filling_holding_and_draining_loses_nothing(stack, redis, report):
    flood, admitted, drained_s, rss = Flood(stack, redis), [], [], []
    for _ in range(figure(2, 6)):
        admitted.append(flood.fill_and_hold(figure(2, 20)))
        drained_s.append(round(flood.drain(), 1))
        rss.append(rss_mb(flood.front[0].pid))
    flood.stack.worker(CLAIM_IDLE_MS=1000)
    flood.sender.finish(stop=True)
    verdict = oracle.check(flood.load.plan, flood.sender.acked_numbers(), stack.database, redis)
    refused = flood.sender.counter("unavailable")
    report(verdict, rounds=len(rss), refused=refused, used_at_most=round(flood.most_used, 2), admitted_while_full=max(admitted),
           drained_s=max(drained_s), rss_mb=[round(r, 1) for r in rss])
    assert refused > 0 and verdict.answered == flood.sender.counter("answered")
    assert flood.most_used <= HIGH_WATER + SLACK
    assert rss[-1] - rss[0] < 10
