"""P16: whatever bytes come in, nothing crashes, nothing hidden is executed, no memory is lost. What each trick must be answered
is in tests/e2e/test_framing.py; here they come in masses, cut, mixed and repeated, to one process. BUILD_DIR=build/dev has it
under the sanitizers."""
import time

import pytest

from bench.barrage import Barrage, throw
from bench.settings import figure
from bench.tricks import AMBIGUOUS_ID, BODY, TRICKS
from bench.watch import descriptors, rss_mb
from harness import samples, wait

REQUESTS = figure(3000, 1000000)
WIDTH = 16
GROWN_MB = 30  # room for AddressSanitizer's own; thirty bytes lost by each request of the long form are more
FILES = 200  # more than at rest: those that send, and those whose end is not seen yet
LEAN = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=4"}


@pytest.fixture
def ingest(stack):
    return stack.ingest(REQUEST_DEADLINE_MS=2000, **LEAN)


def stored(redis):
    return [fields[b"id"].decode() for _, fields in redis.client.xrange("clerk:events")]


@pytest.mark.parametrize("shut", [True, False], ids=["half-closed", "left open"])
def test_no_trick_gets_a_hidden_request_executed(ingest, redis, shut):
    """Unless what came before it was whole: a signature that fits proves where a request ends."""
    for name, make in TRICKS.items():
        redis.empty()
        throw(ingest.port, make(), shut)
        assert ingest.alive(), f"{name} ended the program:\n{ingest.log()[-3000:]}"
        assert stored(redis)[:1] != ["msg_hidden"], name
    assert ingest.post(BODY).status == 200


def test_no_trick_is_answered_twice_unless_it_is_two_plain_requests(ingest):
    for name, make in TRICKS.items():
        answers = throw(ingest.port, make()).count(b"HTTP/1.1 200 ")
        assert answers <= 1, f"{name}: {answers} times 200"


class Watch:
    """What ingest costs at most while it is beaten, and what it let into the stream."""

    def __init__(self, ingest, redis):
        self.ingest, self.redis = ingest, redis
        self.rss, self.files = rss_mb(ingest.pid), descriptors(ingest.pid)
        self.most_rss, self.most_files, self.entries, self.good = self.rss, self.files, 0, 0

    def look(self):
        """A good request is served all the while."""
        assert self.ingest.alive(), self.ingest.log()[-3000:]
        assert self.ingest.post(BODY).status == 200
        self.good += 1
        self.most_rss = max(self.most_rss, rss_mb(self.ingest.pid))
        self.most_files = max(self.most_files, descriptors(self.ingest.pid))
        self.take()

    def take(self):
        """Every entry is a body that was signed, whole, and framed in one way."""
        taken = self.redis.client.xrange("clerk:events", count=10000)
        for _, fields in taken:
            assert fields[b"body"] in (BODY, samples.user("hidden")), "a body that nobody signed"
            assert fields[b"id"] != AMBIGUOUS_ID.encode(), "a request with two readings was executed"
        if taken:
            self.redis.client.xdel("clerk:events", *[entry_id for entry_id, _ in taken])
        self.entries += len(taken)


def test_masses_of_tricks_neither_crash_nor_leak_nor_slip_through(ingest, redis, report):
    """One half mutated, the other made up of framings that can be read in two ways."""
    warm_up = Barrage(ingest.port, "warm up", 50 * WIDTH, WIDTH)
    wait.until(lambda: not warm_up.is_on(), 60, "the first of them")
    warm_up.judge()
    redis.empty()
    watch, begun = Watch(ingest, redis), time.monotonic()
    barrage = Barrage(ingest.port, "masses", REQUESTS, WIDTH)
    wait.until(lambda: watch.look() or not barrage.is_on(), 7200, "the last of them")
    seconds = time.monotonic() - begun
    barrage.judge()
    wait.until(lambda: descriptors(ingest.pid) <= watch.files, 10, "the descriptors to come back")
    watch.look()
    assert redis.backlog() == 0
    answers = barrage.answers()
    assert answers[200] + watch.good <= watch.entries, "answered 200 and not stored"
    report(requests=REQUESTS, seconds=round(seconds), answers=dict(sorted(answers.items())), stored=watch.entries, good=watch.good,
           grown_mb=round(watch.most_rss - watch.rss, 1), descriptors_at_most=watch.most_files, at_rest=watch.files)
    assert watch.most_rss - watch.rss < GROWN_MB
    assert watch.most_files - watch.files < FILES
