"""P4: a power cut, under SQLite or under Redis, loses nothing that was answered 200. With weaker syncing the same test must
show loss, or it would be blind."""
import os
import subprocess

import pytest
from harness import samples, wait
from harness.database import Database
from harness.process import ROOT
from harness.redis_server import GROUP, STREAM
from harness.stack import Stack

from bench import oracle, powercut
from bench.load import Load
from bench.settings import figure

CUTS = figure(3, 100)  # of each kind: nothing unsynced survives, or a part of it
RATE = 1000


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    return powercut.build(tmp_path_factory.mktemp("powercut"))


def wait_for_more(load, seconds, events=100):
    """Lets load flow for a while, until something that a cut could take has certainly happened."""
    before, pause = load.sender.counter("answered"), wait.Pause(seconds)
    enough = min(before + events, load.plan.count)
    wait.until(lambda: pause.is_over() and load.sender.counter("answered") >= enough, 60, "more load")


class DatabaseDisk:
    """A worker whose database lies on a disk that loses power."""

    def __init__(self, stack, tmp_path, library, **env):
        self.stack = stack
        self.disk = powercut.Disk(tmp_path / "disk", tmp_path / "kept", library, powercut.any_pages)
        stack.database = Database(self.disk.folder / "clerk.db")
        oracle.prepare(stack.database)
        self.disk.settle()
        self.front = stack.ingest()
        self.worker = stack.worker(BATCH_SIZE=50, CLAIM_IDLE_MS=1000, **self.disk.env(), **env)

    def cut(self, dice):
        self.worker.kill()
        unsynced = self.disk.cut(dice)
        assert self.stack.database.integrity() == "ok"
        self.worker.start()
        self.worker.wait_ready()
        return unsynced


@pytest.mark.parametrize("rate", [RATE, 40])
def test_p04_power_cut_under_sqlite(rate, stack, redis, tmp_path, library, dice, report):
    """At the low rate the worker is idle between events, and writes its log back into the database after each."""
    site = DatabaseDisk(stack, tmp_path, library, BLOCK_MS=10)
    load = Load([site.front], count=int(2 * CUTS * rate * 0.8), rate=rate)
    unsynced = 0
    for n in range(2 * CUTS):
        wait_for_more(load, dice.uniform(0.1, 0.8), rate // 10)
        unsynced += site.cut(dice if n % 2 else None)
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    report(verdict, cuts=2 * CUTS, unsynced_bytes=unsynced)


def test_p04_control_sqlite_with_synchronous_normal_shows_loss(stack, redis, tmp_path, library, report):
    site = DatabaseDisk(stack, tmp_path, library, POWERCUT_SYNCHRONOUS="NORMAL")
    load = Load([site.front], count=2 * RATE, rate=RATE)
    wait_for_more(load, 0.5, 300)
    wait.until(lambda: site.stack.database.count("webhook_events") >= 100, 20, "commits")
    site.cut(None)
    acked = load.finish()
    redis.wait_drained()
    verdict, _ = oracle.judge(load.plan, acked, stack.database)
    assert verdict.lost > 0, "this bench does not see what a power cut takes"
    report(verdict)


def mend(directory):
    """What the compose file has done before Redis starts."""
    subprocess.run(["sh", ROOT / "common/packaging/redis/mend.sh", directory], check=True)


@pytest.fixture
def torn(make_redis, tmp_path):
    """Ingest and a Redis whose append-only file is all in one place."""
    made = Stack(make_redis("--auto-aof-rewrite-percentage", "0"), tmp_path)
    made.log = tmp_path / "redis0/appendonlydir/appendonly.aof.1.incr.aof"
    yield made
    made.finish()


def restart_after_a_cut(redis):
    mend(redis.dir)
    redis.start()


def test_p04_a_read_torn_by_a_power_cut_takes_nothing_with_it(torn, dice, report):
    """Redis writes a read of several entries as a transaction. What is answered 200 after a cut in its middle survives the next
    start, too."""
    redis, front = torn.redis, torn.ingest()
    count = 0
    for _ in range(figure(3, 40)):
        front.deliver([(f"msg_{n}", samples.user(n)) for n in range(count, count + 20)])
        before = torn.log.stat().st_size
        redis.client.xreadgroup(GROUP, f"reader{count}", {STREAM: ">"}, count=20)
        after = torn.log.stat().st_size
        redis.process.kill()
        os.truncate(torn.log, dice.randrange(before + 1, after))
        restart_after_a_cut(redis)
        front.wait_ready()
        front.deliver([(f"msg_{n}", samples.user(n)) for n in range(count + 20, count + 40)])
        redis.process.kill()
        restart_after_a_cut(redis)
        front.wait_ready()
        count += 40
        assert redis.backlog() == count, f"{redis.backlog()} of {count} answered 200 are left"
    report(cuts=count // 40, answered=count, lost=0)


class RedisDisk:
    """A Redis, started as in the compose file, whose append-only file lies on such a disk. Without a worker nobody saves an entry by taking it first."""

    def __init__(self, make_redis, tmp_path, library, fsync):
        self.disk = powercut.Disk(tmp_path / "redis0/appendonlydir", tmp_path / "kept", library, powercut.a_beginning)
        self.redis = make_redis("--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0", env=self.disk.env())
        self.disk.settle()
        self.stack = Stack(self.redis, tmp_path)
        oracle.prepare(self.stack.database)
        self.front = self.stack.ingest()

    def cut(self, dice):
        self.redis.process.kill()
        unsynced = self.disk.cut(dice)
        mend(self.redis.dir)
        self.disk.settle()
        self.redis.start()
        return unsynced


def test_p04_power_cut_under_redis(make_redis, tmp_path, library, dice, report):
    site = RedisDisk(make_redis, tmp_path, library, "always")
    try:
        load = Load([site.front], count=int(2 * CUTS * RATE * 0.8), rate=RATE)
        unsynced = 0
        for n in range(2 * CUTS):
            if n == CUTS:  # the first half fills the stream, the second one has it emptied under the cuts
                site.stack.worker(CLAIM_IDLE_MS=1000)
            wait_for_more(load, dice.uniform(0.1, 0.8))
            unsynced += site.cut(dice if n % 2 else None)
        verdict = oracle.check(load.plan, load.finish(), site.stack.database, site.redis)
        report(verdict, cuts=2 * CUTS, unsynced_bytes=unsynced)
    finally:
        site.stack.finish()


def test_p04_control_redis_without_fsync_shows_loss(make_redis, tmp_path, library, report):
    site = RedisDisk(make_redis, tmp_path, library, "no")
    try:
        load = Load([site.front], count=2 * RATE, rate=RATE)
        wait_for_more(load, 0.5, 300)
        site.cut(None)
        acked = load.finish()
        site.stack.worker(CLAIM_IDLE_MS=1000)
        site.redis.wait_drained()
        verdict, _ = oracle.judge(load.plan, acked, site.stack.database)
        assert verdict.lost > 0, "this bench does not see what a power cut takes"
        report(verdict)
    finally:
        site.stack.finish()
