"""P3: a Redis that crashes loses nothing that was answered 200, whether it syncs always or every second."""
import pytest
from harness import wait

from bench import oracle
from bench.load import Load, ingests, workers
from bench.settings import figure


@pytest.mark.parametrize("fsync", ["always", "everysec"])
def test_p03_redis_killed(fsync, make_redis, tmp_path, dice, report):
    from harness.stack import Stack
    redis = make_redis("--appendfsync", fsync)
    stack = Stack(redis, tmp_path)
    oracle.prepare(stack.database)
    try:
        front, back = ingests(stack), workers(stack)
        load = Load(front, count=figure(8000, 500000), rate=figure(1000, 2500))
        kills = 0
        while load.sender.is_sending():
            pause = wait.Pause(dice.uniform(*figure((0.5, 2.5), (5, 25))))
            wait.until(lambda: pause.is_over() or not load.sender.is_sending(), 60, "the next kill")
            redis.process.kill()
            kills += 1
            redis.start()
        verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
        assert all(program.alive() for program in front + back), "a program died of Redis' death"
        assert kills >= 3
        report(verdict, load.sender, kills=kills)
    finally:
        stack.finish()
