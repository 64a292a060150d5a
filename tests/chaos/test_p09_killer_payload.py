"""P9: an event that kills the process is isolated after three deaths while it ran alone; all others are applied."""
import signal
import time

import pytest
from harness import samples, wait
from harness.database import Database

from bench import oracle
from bench.crowd import Crowd
from bench.plan import Plan
from bench.settings import SEED, both_databases, figure
from bench.tmpfs import fill, small_disk

EVENTS = figure(300, 20000)
LIMIT_S = 60
# New names every life, as containers that are made anew have them: their successors must claim. Or lasting names.
NAMES = {"new names": {"CLAIM_IDLE_MS": 1000}, "lasting names": {"CLAIM_IDLE_MS": 30000}}


@both_databases
@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("point", ["before_decode", "in_effect"])
def test_p09_killer_payload(point, names, stack, redis, report):
    plan = Plan(SEED, EVENTS)
    poison = plan.svix_id(EVENTS // 3)
    stack.ingest().deliver((plan.svix_id(i), plan.body(i)) for i in range(EVENTS))
    lasting = names == "lasting names"
    workers = [stack.worker(ready=False, BATCH_SIZE=50, CLERK_FAULT=f"{point}={poison}", **NAMES[names],
                            **({"WORKER_NAME": f"steady{n}"} if lasting else {})) for n in range(2)]
    crowd, begun = Crowd(workers), time.monotonic()

    def is_drained():
        crowd.tend()
        return redis.backlog() == 0 and redis.pending() == 0
    wait.until(is_drained, LIMIT_S, "the others to be applied and the killer to be put aside")
    took = time.monotonic() - begun
    verdict = oracle.check(plan, range(EVENTS), stack.database, redis, dead={poison})
    letter = stack.database.rows("SELECT * FROM dead_letters")[0]
    assert letter["attempts"] == 3 and "killed the worker" in letter["reason"]
    assert letter["body"] in (plan.body(EVENTS // 3), plan.body(EVENTS // 3).decode())
    assert crowd.deaths <= 3 + 2 * len(workers), "it died more often than the rule needs"
    report(verdict, deaths=crowd.deaths, seconds=f"{took:.1f}")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_p09_dying_while_the_disk_is_full_is_not_put_down_to_the_event(end, stack, redis, tmp_path):
    """There is room to count the attempt, but none for the event: restarting the worker again and again must not bury it."""
    with small_disk(tmp_path / "disk", 8) as directory:
        database = Database(directory / "clerk.db")
        oracle.prepare(database)
        front = stack.ingest()
        ballast = fill(directory)
        with open(ballast, "r+b") as f:
            f.truncate(ballast.stat().st_size - 400000)
        assert front.post(samples.user(1, unsafe_metadata={"padding": "x" * 900000}), svix_id="msg_large").status == 200
        worker = stack.worker(ready=False, database=database, WORKER_NAME="steady")
        for life in range(1, 9):  # suspected from the third delivery on, condemned after three deaths
            worker.wait_log("event=database_unavailable", count=life)
            worker.signal(end)
            worker.wait_exit()
            worker.start()
        ballast.unlink()
        redis.wait_drained()
        assert database.outcome("msg_large") == "applied" and database.count("dead_letters") == 0
        worker.stop()
