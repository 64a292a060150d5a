"""P5: Redis is away, frozen, cut off in the middle of a word, or has lost what we put there."""
import signal
import socket
import subprocess
import time

import pytest

from bench import proxy as proxies
from bench.pair import Pair
from bench.proxy import Proxy
from bench.settings import figure
from bench.visitors import Visitors
from bench.watch import Idleness, last_said, lines
from harness import samples, wait
from harness.process import INGEST
from harness.redis_server import GROUP, STREAM

FROZEN_S = figure(4, 30)


@pytest.fixture
def proxy(redis):
    made = Proxy(redis.port)
    yield made
    made.close()


def test_a_redis_that_is_gone_means_503_and_is_found_again(stack, redis, report):
    pair = Pair(stack)
    report(**pair.suffer(redis.process.kill, redis.start, hold_s=figure(3, 30)))
    pair.judge_logs()


def test_a_frozen_redis_means_503_within_2_seconds(stack, redis, report):
    pair = Pair(stack)
    report(**pair.suffer(lambda: redis.process.signal(signal.SIGSTOP), lambda: redis.process.signal(signal.SIGCONT), FROZEN_S))
    pair.judge_logs()


def test_a_half_open_connection_is_noticed(stack, redis, proxy, report):
    """Neither end hears of the other any more: no FIN, no RST, only silence; later a new connection works."""
    pair = Pair(stack, proxy.url)

    def end():
        proxy.mode = proxies.PASS  # what was held back goes on its way, as after a rerouting
    report(**pair.suffer(lambda: proxy.misbehave(proxies.HALF_OPEN), end, FROZEN_S))
    pair.judge_logs()


@pytest.mark.parametrize("mode", [proxies.CUT_AFTER_REQUEST, proxies.CUT_BEFORE_REPLY, proxies.TORN_REPLY, proxies.RESET])
def test_a_connection_reset_at_a_bad_moment_costs_a_503_and_nothing_else(stack, redis, proxy, report, mode):
    pair = Pair(stack, proxy.url)
    report(mode, **pair.suffer(lambda: proxy.misbehave(mode, b"XADD"), lambda: proxy.misbehave(proxies.PASS), refuses=False))
    assert 503 in pair.visitors.statuses(), "nothing was cut"


LOSSES = {
    "the group is destroyed": lambda c: c.xgroup_destroy(STREAM, GROUP),
    "the stream is deleted": lambda c: c.delete(STREAM),
    "everything is flushed": lambda c: c.flushall(),
    "scripts are flushed": lambda c: c.script_flush(),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_what_somebody_deletes_in_redis_is_made_again(stack, redis, report, lose):
    """The worker is blocked in its read when it happens (NOGROUP, UNBLOCKED)."""
    pair = Pair(stack)
    with pair.visited() as visitors:
        visitors.pause()
        redis.wait_drained()
        lose(redis.client)
        lost_at = time.monotonic()
        visitors.go_on()
        report(cured_s=round(visitors.wait_for(200, lost_at, 10), 2))
        wait.until(lambda: redis.backlog() == 0 and len(visitors.since(lost_at)) > 30, 10, "the worker to go on")
    pair.judge_answers()
    pair.judge_worker(lost_at)
    pair.judge_logs()


def test_a_group_destroyed_under_load_costs_nothing(stack, redis):
    """What was pending is delivered again from the stream; the ledger drops what was applied already."""
    pair = Pair(stack)
    with pair.visited() as visitors:
        for _ in range(5):
            redis.client.xgroup_destroy(STREAM, GROUP)
            mended = time.monotonic()
            wait.until(lambda: redis.client.xinfo_groups(STREAM), 10, "the group")
            visitors.wait_for(200, mended, 10)
    pair.judge_answers()
    pair.judge_worker(mended)


class Names:
    """Host names in a file that only the program under test sees, by a mount of its own; no name server answers."""

    def __init__(self, directory):
        self.hosts = directory / "hosts"
        self.resolv = directory / "resolv.conf"
        self.know("redis.test")

    def know(self, name):
        self.hosts.write_text(f"127.0.0.1 localhost {name}\n")

    def ask(self, address):
        self.resolv.write_text(f"nameserver {address}\n")


@pytest.fixture
def names(tmp_path):
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("no right to make a mount namespace")
    return Names(tmp_path)


@pytest.fixture
def silent_name_server():
    """Takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind(("127.0.0.53", 53))
        except OSError as e:
            pytest.skip(f"port 53 is not ours: {e}")
        yield "127.0.0.53"


def through_names(stack, names, redis):
    """An ingest that knows Redis by name only."""
    script = f"mount --bind {names.hosts} /etc/hosts && mount --bind {names.resolv} /etc/resolv.conf && exec {INGEST}"
    return stack.ingest(argv=("unshare", "--mount", "sh", "-c", script), REDIS_URL=f"redis://redis.test:{redis.port}/0")


def test_a_name_that_no_longer_resolves_means_503_and_is_tried_again(stack, names, redis, report):
    names.ask("127.0.0.1")  # refuses at once
    front = through_names(stack, names, redis)
    with Visitors(front.port) as visitors:
        visitors.wait_for(200, time.monotonic(), 10)
        names.know("another.test")
        lost_at = time.monotonic()
        redis.restart()
        visitors.wait_for(503, lost_at, 5)
        idle = Idleness(front)
        wait.until(lambda: time.monotonic() > lost_at + 3, 10)
        assert idle.share() < 0.2
        mended = time.monotonic()
        names.know("redis.test")
        report(cured_s=round(visitors.wait_for(200, mended, 5), 2))
    assert set(visitors.statuses()) == {200, 503} and visitors.longest_s() < 2.4
    wait.until(lambda: last_said(front, "event=queue_down", "event=queue_up") == "event=queue_up", 5, "the cure in the log")
    assert len(lines(front, "event=queue_down")) == 1


def test_a_name_server_that_is_silent_does_not_keep_ingest_from_answering(stack, names, silent_name_server, redis, report):
    names.ask("127.0.0.1")
    front = through_names(stack, names, redis)
    with Visitors(front.port) as visitors:
        visitors.wait_for(200, time.monotonic(), 10)
        names.ask(silent_name_server)
        names.know("another.test")
        lost_at = time.monotonic()
        redis.restart()
        visitors.wait_for(503, lost_at, 5)
        wait.until(lambda: time.monotonic() > lost_at + figure(6, 30), 40)
        mended = time.monotonic()
        names.ask("127.0.0.1")
        names.know("redis.test")
        report(slowest_s=round(visitors.longest_s(), 2), cured_s=round(visitors.wait_for(200, mended, 6), 2))
    assert set(visitors.statuses()) == {200, 503} and visitors.longest_s() < 2.4


@pytest.mark.parametrize("holder", ["steady", "dead"], ids=["by the worker itself", "by a dead consumer"])
def test_an_entry_deleted_while_it_is_pending_is_let_go_of(stack, redis, holder):
    """What a crash between XDEL and XACK leaves: pending, without content."""
    front = stack.ingest()
    front.deliver([(f"msg_{n}", samples.user(n)) for n in range(10)])
    entries = redis.client.xreadgroup(GROUP, holder, {STREAM: ">"}, count=4)[0][1]
    redis.client.xdel(STREAM, *[entry_id for entry_id, _ in entries[:2]])
    worker = stack.worker(WORKER_NAME="steady", CLAIM_IDLE_MS=1000)
    redis.wait_drained()
    assert stack.database.count("users") == 8 and stack.database.count("dead_letters") == 0
    assert worker.alive() and not lines(worker, "level=warn")
