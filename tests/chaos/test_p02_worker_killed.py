"""P2: every stored event takes effect exactly once: workers killed at random, and at every named point of a batch."""
import pytest
from harness import wait

from bench import oracle
from bench.crowd import Crowd
from bench.load import Load, ingests, workers
from bench.plan import Plan
from bench.settings import SEED, both_databases, figure

pytestmark = both_databases

POINTS = ("after_read", "before_decode", "after_begin", "in_effect", "after_effect", "before_commit", "after_commit", "before_ack",
          "after_ack")
OF_EACH_EVENT = ("before_decode", "in_effect", "after_effect")
ROUND = 40
USERS = 5000  # many, so that what is applied again is seldom stale and shows


def test_p02_worker_killed_at_random(stack, redis, dice, report):
    front, crowd = ingests(stack, 1), Crowd(workers(stack, 4))
    load = Load(front, count=figure(9000, 1000000), rate=figure(1000, 2500), users=USERS, processes=figure(1, 2))
    kills = crowd.storm(load.sender, dice, every_s=figure(0.4, 2))
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert kills >= figure(10, 100)
    report(verdict, kills=kills)


def test_p02_worker_killed_at_random_points(stack, redis, dice, report):
    """Four workers, each life with a point of its own at which it ends."""
    def draw(worker):
        point = dice.choice(POINTS)
        worker.env["CLERK_FAULT"] = f"{point}:{dice.randrange(1, 1500 if point in OF_EACH_EVENT else 20)}"

    back = workers(stack, 4)
    crowd = Crowd(back, before_start=draw)
    for worker in back:
        worker.kill()
        draw(worker)
        worker.start()
    load = Load(ingests(stack, 1), count=figure(8000, 200000), rate=figure(1000, 2000), users=USERS)
    kills = crowd.storm(load.sender, dice, every_s=1, kill=False)
    crowd.live_on()
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert kills >= figure(10, 500)
    report(verdict, kills=kills)


@pytest.mark.parametrize("point", POINTS)
def test_p02_worker_killed_at(point, stack, redis, dice, report):
    """One worker dies at this point, its successor of the same name finishes the work; then the next round."""
    rounds = figure(15, 1000)
    front = stack.ingest()
    plan = Plan(SEED, rounds * ROUND, users=30)
    worker = stack.worker(WORKER_NAME="steady", BATCH_SIZE=10, BLOCK_MS=20)
    for n in range(rounds):
        worker.kill()
        front.deliver((plan.svix_id(i), plan.body(i)) for i in range(n * ROUND, (n + 1) * ROUND))
        worker.env["CLERK_FAULT"] = f"{point}:{dice.randrange(1, ROUND if point in OF_EACH_EVENT else 4)}"
        worker.start()
        wait.until(lambda: not worker.alive(), 20, f"death at {point}")
        del worker.env["CLERK_FAULT"]
        worker.start()
        redis.wait_drained()
    report(oracle.check(plan, range(plan.count), stack.database, redis), kills=rounds)
