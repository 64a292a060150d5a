"""P15: clients that are slow, silent or many do not keep good requests from their answer, nor memory or processor busy."""
import subprocess
import time

import pytest

from bench.clients import Client, Dripping, Flooding, Mob, percentile, whole_request
from bench.settings import figure
from bench.watch import Idleness, descriptors, rss_mb
from harness import samples, wait, wire

DEADLINE_S = figure(3, 10)
IDLE, DRIPPING = figure(1000, 10000), figure(100, 1000)
GOOD_P99_S = figure(0.5, 0.05)  # the short form runs under AddressSanitizer beside other tests
RSS_MB = figure(700, 200)
SWEEP_S = 2.0  # how far beyond the deadline a busy machine may see the cut
HEAD = whole_request().partition(b"\r\n\r\n")[0]
LEAN = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=8"}


def times_of_good_requests(ingest, count, seconds):
    """Deliveries one after the other; each must be answered 200. Returns how long each took."""
    took, until = [], time.monotonic() + seconds
    while len(took) < count or time.monotonic() < until:
        body = samples.user(f"good{len(took)}")
        start = time.monotonic()
        answer = ingest.post(body)
        took.append(time.monotonic() - start)
        assert answer and answer.status == 200, answer and answer.status
    return took


@pytest.fixture
def ingest(stack):
    return stack.ingest(REQUEST_DEADLINE_MS=DEADLINE_S * 1000, MAX_CONNECTIONS=20000, **LEAN)


def slow_heads(count):
    return [Dripping(HEAD + b"\r\nx-more: " + b"x" * 1000) for _ in range(count)]


def slow_bodies(count):
    request = whole_request()
    return [Dripping(request.replace(b"Content-Length: ", b"Content-Length: 9"), len(HEAD) + 20) for _ in range(count)]


def judge(ingest, mob, report):
    """While the mob is there: good requests are quick; then: nobody held on beyond the deadline."""
    took = times_of_good_requests(ingest, 200, 2.5 * DEADLINE_S)
    rss = rss_mb(ingest.pid)
    report(good_p99_ms=round(percentile(took, 0.99) * 1000, 1), requests=len(took), rss_mb=round(rss), thrown_out=len(mob.lives),
           longest_life_s=round(max(mob.lives), 1))
    assert percentile(took, 0.99) <= GOOD_P99_S
    assert rss < RSS_MB
    assert len(mob.lives) >= len(mob.clients)
    assert max(mob.lives) <= DEADLINE_S + SWEEP_S


def test_idle_and_dripping_clients_are_thrown_out_and_disturb_nobody(ingest, report):
    idle = [Client() for _ in range(IDLE)]
    with Mob(ingest.port, idle + slow_heads(DRIPPING // 2) + slow_bodies(DRIPPING // 2)) as mob:
        judge(ingest, mob, report)
    wait.until(lambda: ingest.metric("clerk_ingest_connections") == 0, 20, "all connections to be let go")


def test_half_sent_requests_end_at_the_deadline(ingest, redis, report):
    request = whole_request()
    cuts = [1, 4, len(HEAD) // 2, len(HEAD), len(HEAD) + 4, len(request) - 1]
    with Mob(ingest.port, [Dripping(request[:cut], cut) for cut in cuts for _ in range(5)]) as mob:
        for client in mob.clients:
            client.every_s = 3600
        wait.until(lambda: len(mob.lives) >= len(mob.clients), DEADLINE_S + SWEEP_S + 2, "all to be thrown out")
    report(longest_life_s=round(max(mob.lives), 1))
    assert max(mob.lives) <= DEADLINE_S + SWEEP_S and redis.backlog() == 0


def test_clients_that_read_no_answer_fill_no_memory(ingest, report):
    """404s, so that the queue stays out of it: each connection may owe only what the system buffers."""
    before = rss_mb(ingest.pid)
    with Mob(ingest.port, [Flooding(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(20)]) as mob:
        wait.until(lambda: len(mob.lives) >= 20, 4 * DEADLINE_S + 20, "all to be thrown out")
        grown = rss_mb(ingest.pid) - before
    report(grown_mb=round(grown), longest_life_s=round(max(mob.lives), 1))
    assert grown < 50
    assert ingest.post(samples.user(1)).status == 200


def test_beyond_the_cap_good_clients_take_the_places_of_the_idle_and_the_program_rests(stack, report):
    front = stack.ingest(REQUEST_DEADLINE_MS=60000, MAX_CONNECTIONS=50, **LEAN)
    with Mob(front.port, [Client() for _ in range(100)]):
        idle = Idleness(front)
        took = times_of_good_requests(front, 3, 3)
        assert descriptors(front.pid) < 80
        report(share=round(idle.share(), 2), slowest_s=round(max(took), 2))
        assert idle.share() < 0.3
    assert max(took) < 3
    assert percentile(times_of_good_requests(front, 20, 0), 0.5) < 1


def test_out_of_descriptors_is_no_storm(stack, redis, report):
    """Redis goes on being served; accepting pauses; no spin, no log storm; afterwards all is as before."""
    front = stack.ingest(REQUEST_DEADLINE_MS=2000, **LEAN)
    said = len(front.log().splitlines())
    with wire.Connection(front.port) as kept:
        body = samples.user("kept")
        assert front.post(body).status == 200
        subprocess.run(["prlimit", f"--pid={front.pid}", f"--nofile={descriptors(front.pid) + 10}"], check=True)
        with Mob(front.port, [Client() for _ in range(100)]):
            idle = Idleness(front)
            until = time.monotonic() + 3
            wait.until(lambda: time.monotonic() > until, 5)
            report(share=round(idle.share(), 2))
            assert idle.share() < 0.3
            assert len(front.log().splitlines()) - said < 5, front.log()[-2000:]
        kept.closed()
    wait.until(lambda: front.post(samples.user("after")).status == 200, 10, "service afterwards")
    assert front.alive()


def test_clients_that_leave_in_the_middle_leave_nothing_behind(ingest, redis):
    request = whole_request()
    files = descriptors(ingest.pid)
    for cut in range(0, len(request), 7):
        with wire.Connection(ingest.port) as c:
            c.send(request[:cut])
    wait.until(lambda: descriptors(ingest.pid) <= files + 1, 10, "the descriptors to come back")
    assert redis.backlog() == 0
