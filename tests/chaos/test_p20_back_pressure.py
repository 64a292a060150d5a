"""P20: ingest refuses before Redis has to, and the worker finds the room it needs to drain."""
import time

import pytest

from bench import oracle
from bench.load import Load
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
    """More than fits, from a sender that repeats what is refused, while no worker runs; then a worker takes it all."""

    def __init__(self, stack, redis, front, number):
        self.stack, self.redis, self.front = stack, redis, front
        self.load = Load([front], count=figure(100000, 1000000), rate=figure(2000, 4000), processes=figure(1, 2),
                         prefix=f"round{chr(ord('a') + number)}")
        self.sender = self.load.sender
        self.most_used = self.admitted = self.drained_s = 0

    def share_used(self):
        """Of the memory that Redis may take; while no worker runs, whose batches would count, too. Redis itself never refuses."""
        info = self.redis.client.info()
        assert "errorstat_OOM" not in info, "Redis had to refuse"
        used = info["used_memory"] / (MEMORY_MB * 1024 * 1024)
        self.most_used = max(self.most_used, used)
        return used

    def is_refused(self):
        return self.share_used() and self.front.get("/readyz")[0] == 503

    def fill_and_hold(self, seconds):
        """Few are answered 200 while it is full: as many as fit into what Redis itself frees."""
        wait.until(self.is_refused, 300, "the high-water mark")
        before, calm = self.sender.counter("answered"), wait.Pause(seconds)
        wait.until(lambda: self.share_used() and calm.is_over(), seconds + 10)
        self.admitted = self.sender.counter("answered") - before
        assert self.is_refused() and self.sender.is_sending()

    def drain(self):
        """What was refused so far still comes, nothing new; all of it is applied, and the worker may go."""
        self.sender.stop.value = True
        worker, begun = self.stack.worker(ready=False, CLAIM_IDLE_MS=1000), time.monotonic()
        wait.until(lambda: not self.sender.is_sending(), figure(60, 900), "all to be answered 200")
        self.sender.finish(stop=True)
        verdict = oracle.check(self.load.plan, self.sender.acked_numbers(), self.stack.database, self.redis, drain_s=figure(60, 900))
        assert "errorstat_OOM" not in self.redis.client.info(), "Redis had to refuse"
        self.drained_s = round(time.monotonic() - begun, 1)
        assert worker.stop() == 0
        assert self.sender.counter("unavailable") > 0 and verdict.answered == self.sender.counter("answered")
        return verdict


@both_databases
def test_round_after_round_of_filling_holding_and_draining_loses_nothing(stack, redis, report):
    front, floods, verdicts, rss = stack.ingest(), [], [], []
    for number in range(figure(2, 6)):
        floods.append(Flood(stack, redis, front, number))
        floods[-1].fill_and_hold(figure(2, 20))
        verdicts.append(floods[-1].drain())
        rss.append(round(rss_mb(front.pid), 1))
    most = max(f.most_used for f in floods)
    report(rounds=len(floods), answered=sum(v.answered for v in verdicts), lost=0, doubled=0,
           refused=sum(f.sender.counter("unavailable") for f in floods), used_at_most=round(most, 2),
           admitted_while_full=max(f.admitted for f in floods), drained_s=max(f.drained_s for f in floods), rss_mb=rss)
    assert most <= HIGH_WATER + SLACK
    assert rss[-1] - rss[0] < 10
