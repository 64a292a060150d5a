"""P1: 200 means stored in Redis, and never anything else: kill -9 of two ingests under load, again and again."""
from bench import oracle
from bench.load import Load, ingests, workers
from bench.settings import both_databases, figure


@both_databases
def test_p01_ingest_killed(stack, redis, dice, report):
    front = ingests(stack)
    workers(stack)
    load = Load(front, count=figure(6000, 1000000), rate=figure(900, 2500), processes=figure(1, 2))
    kills = load.ingests.storm(load.sender, dice, every_s=figure(0.7, 1.5))
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert kills >= figure(3, 200)
    report(verdict, load.sender, kills=kills)
