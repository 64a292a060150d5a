"""P1, P2 and P3 at once: kill -9 of ingests, workers and Redis in any mix."""
from harness import wait

from bench import oracle
from bench.crowd import Crowd
from bench.load import Load, ingests, workers
from bench.settings import both_databases, figure


@both_databases
def test_p03_anything_killed(stack, redis, dice, report):
    front, back = ingests(stack, 2), workers(stack, 3)
    crowd = Crowd(front + back)
    load = Load(front, count=figure(8000, 1000000), rate=figure(1000, 2500), processes=figure(1, 2))
    kills = {"ingest": 0, "worker": 0, "redis": 0}
    while load.sender.is_sending():
        calm = wait.Pause(dice.uniform(0, figure(0.6, 2)))
        wait.until(lambda: crowd.tend() or calm.is_over(), 10, "the next kill")
        victim = dice.choice([*crowd.programs, redis.process])
        victim.kill()
        if victim is redis.process:
            redis.start()
        kills["redis" if victim not in crowd.programs else "ingest" if victim in front else "worker"] += 1
    crowd.tend()
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert min(kills.values()) >= 1, kills
    report(verdict, load.sender, kills=kills)
