"""P13: SIGTERM under load: ingest answers what is in flight, a worker finishes its batch; both exit 0 in time."""
import signal
import time

import pytest
from harness import samples, signing, wait, wire
from harness.stack import PATH

from bench import oracle
from bench.load import Load, ingests
from bench.settings import both_databases, figure

INGEST_LIMIT_S, WORKER_LIMIT_S = 5, 10
IN_FLIGHT = 50


def stop_and_time(program, limit_s):
    begun = time.monotonic()
    program.signal(signal.SIGTERM)
    code = program.wait_exit(limit_s + 10)
    took = time.monotonic() - begun
    assert code == 0, program.log()[-3000:]
    assert took <= limit_s, f"took {took:.1f} s"
    return took


@pytest.mark.parametrize("redis_wakes", [True, False])
def test_p13_ingest_answers_what_is_in_flight(redis_wakes, stack, redis, report):
    front = stack.ingest()
    redis.process.signal(signal.SIGSTOP)
    try:
        connections = [wire.Connection(front.port, timeout_s=20) for _ in range(IN_FLIGHT)]
        for n, connection in enumerate(connections):
            body = samples.user(n)
            connection.send(wire.request(PATH, signing.headers(body), body))
        wait.until(lambda: front.metric("clerk_ingest_in_flight") == IN_FLIGHT, 5, "all of them in flight")
        begun = time.monotonic()
        front.signal(signal.SIGTERM)
        if redis_wakes:
            redis.process.signal(signal.SIGCONT)
        answers = [connection.answer() for connection in connections]
        assert front.wait_exit(20) == 0 and time.monotonic() - begun <= INGEST_LIMIT_S
    finally:
        redis.process.signal(signal.SIGCONT)
    assert [a.status for a in answers] == [200 if redis_wakes else 503] * IN_FLIGHT
    report(answered=len(answers), seconds=f"{time.monotonic() - begun:.1f}")


@both_databases
def test_p13_ingest_under_load(stack, redis, dice, report):
    front, times = ingests(stack, 1), []
    stack.worker(CLAIM_IDLE_MS=1000)
    load = Load(front, count=figure(5000, 100000), rate=1000, connections=32)
    while load.sender.is_sending():
        calm = wait.Pause(dice.uniform(0.5, 1.5))
        wait.until(lambda: calm.is_over() or not load.sender.is_sending(), 10, "load")
        times.append(stop_and_time(front[0], INGEST_LIMIT_S))
        front[0].start()
        front[0].wait_ready()
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    report(verdict, load.sender, stops=len(times), longest_s=f"{max(times):.2f}")


@both_databases
def test_p13_worker_under_load(stack, redis, dice, report):
    front, times = ingests(stack, 1), []
    worker = stack.worker(CLAIM_IDLE_MS=1000)
    load = Load(front, count=figure(7000, 100000), rate=1500)
    while load.sender.is_sending():
        done = worker.metric("clerk_worker_events_processed_total")
        calm = wait.Pause(dice.uniform(0.2, 1))
        wait.until(lambda: calm.is_over() and worker.metric("clerk_worker_events_processed_total") > done
                   or not load.sender.is_sending(), 20, "work")
        times.append(stop_and_time(worker, WORKER_LIMIT_S))
        assert redis.pending() == 0, "an entry was left behind"
        worker.start()
        worker.wait_ready()
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    report(verdict, stops=len(times), longest_s=f"{max(times):.2f}")
