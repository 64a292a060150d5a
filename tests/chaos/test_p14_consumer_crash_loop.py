"""P14: many short-lived workers, each with a name of its own: what they held is taken over, their names are removed."""
import signal
import time

from harness import wait
from harness.redis_server import GROUP, STREAM

from bench import oracle
from bench.crowd import Crowd
from bench.load import Load, ingests
from bench.plan import Plan
from bench.settings import SEED, both_databases, figure

pytestmark = both_databases

LIVES = figure(30, 1000)
CLAIM_IDLE_MS = 1000
FAST_SWEEP = {"CLERK_FAULT_CONSUMER_IDLE_MS": 1000, "CLERK_FAULT_SWEEP_MS": 200}  # instead of minutes; see common/fault.h
MARGIN_S = 10


def consumers(redis):
    return {c["name"].decode(): c["pending"] for c in redis.client.xinfo_consumers(STREAM, GROUP)}


def test_p14_consumer_crash_loop(stack, redis, dice, report):
    lives = iter(range(LIVES))

    def next_life(worker):
        worker.env["WORKER_NAME"] = f"short{next(lives, 'lived-last')}"
        worker.env["CLERK_FAULT"] = f"{dice.choice(['after_read', 'after_commit'])}:{dice.randrange(1, 4)}"

    load = Load(ingests(stack, 1), count=figure(4000, 100000), rate=400)
    workers = [stack.worker(ready=False, WORKER_NAME=f"first{n}", CLERK_FAULT="after_read:2", BATCH_SIZE=20, CLAIM_IDLE_MS=CLAIM_IDLE_MS)
               for n in range(3)]
    crowd = Crowd(workers, before_start=next_life)

    def is_over():
        crowd.tend()
        return crowd.deaths >= LIVES
    wait.until(is_over, 120 + LIVES, "the lives")
    for worker in workers:
        worker.kill()
    left = sum(consumers(redis).values())
    names = len(consumers(redis))
    begun = time.monotonic()
    healers = [stack.worker(CLAIM_IDLE_MS=CLAIM_IDLE_MS, **FAST_SWEEP) for _ in range(2)]
    wait.until(lambda: not any(held for name, held in consumers(redis).items() if name.startswith(("short", "first"))),
               2 * CLAIM_IDLE_MS / 1000 + MARGIN_S, "what the dead held to be taken over")
    wait.until(lambda: len(consumers(redis)) == len(healers), MARGIN_S + 10, "the dead names to be removed")
    healed_s = time.monotonic() - begun
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    report(verdict, lives=crowd.deaths, names=names, pending_left=left, healed_s=f"{healed_s:.1f}")
    assert left > 0 and names >= LIVES, "the crash loop left nothing to heal"


def let_sweeps_pass(condition, seconds=3):
    """condition() holds all the while."""
    calm = wait.Pause(seconds)
    wait.until(lambda: calm.is_over() or not condition(), 30, "some sweeps")
    assert condition()


def test_p14_a_name_that_holds_entries_is_not_removed(stack, redis):
    """Redis forgets who was given what together with the name: these entries would never be delivered again."""
    plan = Plan(SEED, 50)
    front, worker = stack.ingest(), stack.worker(CLAIM_IDLE_MS=3600000, BLOCK_MS=50, **FAST_SWEEP)
    worker.signal(signal.SIGSTOP)
    front.deliver((plan.svix_id(i), plan.body(i)) for i in range(plan.count))
    redis.client.xreadgroup(GROUP, "holder", {STREAM: ">"}, count=20)
    held = consumers(redis)["holder"]
    assert held > 0
    worker.signal(signal.SIGCONT)
    let_sweeps_pass(lambda: consumers(redis).get("holder") == held)
    worker.stop()
    stack.worker(CLAIM_IDLE_MS=CLAIM_IDLE_MS, **FAST_SWEEP)
    oracle.check(plan, range(plan.count), stack.database, redis)
    wait.until(lambda: "holder" not in consumers(redis), 20, "the name to be removed once it holds nothing")


def test_p14_names_of_workers_that_live_are_kept_and_those_that_stop_go_themselves(stack, redis):
    quiet = stack.worker(CLAIM_IDLE_MS=CLAIM_IDLE_MS, **FAST_SWEEP)
    other = stack.worker(CLAIM_IDLE_MS=CLAIM_IDLE_MS)
    wait.until(lambda: len(consumers(redis)) == 2, 10, "both names")
    assert other.stop() == 0
    wait.until(lambda: len(consumers(redis)) == 1, 10, "the name to leave with its worker")
    let_sweeps_pass(lambda: len(consumers(redis)) == 1)
    assert quiet.alive()
