"""clerk-ingest's several connections to Redis: what becomes of the others when one is lost."""
import http.client
import threading

import pytest

from harness import samples, signing, wait
from harness.redis_server import STREAM
from harness.stack import PATH

SENDERS = 24  # enough to fill several connections


def lanes(redis):
    """Redis' ids of ingest's connections; the last thing that each of them said tells them from ours."""
    return [c["id"] for c in redis.client.client_list() if c["cmd"] in ("xadd", "info", "xgroup|create", "select")]


class Sender(threading.Thread):
    """Posts one event after the other on one connection until told to stop."""

    def __init__(self, ingest, number, stop):
        super().__init__()
        self.ingest, self.number, self.stop, self.answers = ingest, number, stop, {}
        self.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.ingest.port, timeout=20)
        while not self.stop.is_set():
            svix_id = f"msg_{self.number}_{len(self.answers)}"
            body = samples.user(self.number, private_metadata={"note": "x" * 3000})
            connection.request("POST", PATH, body, signing.headers(body, svix_id=svix_id))
            response = connection.getresponse()
            response.read()
            self.answers[svix_id] = response.status
        connection.close()


@pytest.fixture
def redis(own_redis):
    """Nobody else is connected to it."""
    return own_redis


@pytest.fixture
def ingest(own_stack):
    return own_stack.ingest()


@pytest.fixture
def senders(ingest, redis):
    stop = threading.Event()
    threads = [Sender(ingest, n, stop) for n in range(SENDERS)]

    def finish():
        stop.set()
        for thread in threads:
            thread.join(30)
        return {svix_id: status for thread in threads for svix_id, status in thread.answers.items()}

    def so_far():
        return sum(len(thread.answers) for thread in threads)

    wait.until(lambda: so_far() > SENDERS, 20, "events to be on their way")
    redis.client.client_pause(500)  # all senders come to wait at once
    wait.until(lambda: len(lanes(redis)) > 2, 10, "several connections")
    yield so_far, finish
    finish()


def test_an_idle_ingest_has_one_connection(ingest, redis):
    ingest.deliver([(f"msg_{n}", samples.user(n)) for n in range(20)])
    assert len(lanes(redis)) == 1


def test_a_connection_killed_under_load_costs_its_own_events_and_nobody_elses(ingest, redis, senders):
    so_far, finish = senders
    for kill in range(10):
        before, count = so_far(), len(lanes(redis))
        wait.until(lambda: so_far() > before + 100, 20, "events to be on their way")
        redis.client.client_kill_filter(_id=lanes(redis)[kill % 2])
        wait.until(lambda: len(lanes(redis)) >= count, 10, "the lost one to be back")
        assert ingest.get("/readyz")[0] == 200
    answers = finish()
    stored = [fields[b"id"].decode() for _, fields in redis.client.xrange(STREAM)]
    kept = {svix_id for svix_id, status in answers.items() if status == 200}
    refused = {svix_id for svix_id, status in answers.items() if status == 503}
    assert kept | refused == set(answers)
    assert kept <= set(stored) and len(stored) == len(set(stored))
    assert len(refused) <= 10 * SENDERS and len(kept) > 900
    assert "queue_down" not in ingest.log() and "redis_connection_lost" in ingest.log()


def test_connections_all_killed_at_once_are_one_outage(ingest, redis, senders):
    so_far, finish = senders
    redis.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    ingest.wait_ready()
    before = so_far()
    wait.until(lambda: so_far() > before + 100, 20, "the service to go on")
    wait.until(lambda: len(lanes(redis)) > 2, 20, "all of them again")
    assert set(finish().values()) <= {200, 503}
    assert ingest.log().count("queue_down") <= 1
