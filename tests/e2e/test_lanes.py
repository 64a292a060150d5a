"""clerk-ingest's several connections to Redis: what becomes of the others when one is lost."""
import http.client
import threading

import pytest

from harness import samples, signing, wait
from harness.redis_server import STREAM
from harness.stack import PATH

LANES = 8
SENDERS = 24


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
            body = samples.user(self.number)
            connection.request("POST", PATH, body, signing.headers(body, svix_id=svix_id))
            response = connection.getresponse()
            response.read()
            self.answers[svix_id] = response.status
        connection.close()


@pytest.fixture
def senders(ingest):
    stop = threading.Event()
    threads = [Sender(ingest, n, stop) for n in range(SENDERS)]

    def finish():
        stop.set()
        for thread in threads:
            thread.join(30)
        return {svix_id: status for thread in threads for svix_id, status in thread.answers.items()}

    threads[0].so_far = lambda: sum(len(t.answers) for t in threads)
    yield threads[0].so_far, finish
    finish()


def test_ingest_has_several_connections_once_it_is_ready(ingest, redis):
    wait.until(lambda: len(lanes(redis)) == LANES, 10, "all connections")


def test_a_connection_killed_under_load_costs_its_own_events_and_nobody_elses(ingest, redis, senders):
    so_far, finish = senders
    wait.until(lambda: len(lanes(redis)) == LANES, 10, "all connections")
    for kill in range(10):
        before = so_far()
        wait.until(lambda: so_far() > before + 100, 20, "events to be on their way")
        redis.client.client_kill_filter(_id=lanes(redis)[kill % 2])
        assert ingest.get("/readyz")[0] == 200
    answers = finish()
    stored = [fields[b"id"].decode() for _, fields in redis.client.xrange(STREAM)]
    kept = {svix_id for svix_id, status in answers.items() if status == 200}
    refused = {svix_id for svix_id, status in answers.items() if status == 503}
    assert kept | refused == set(answers)
    assert kept <= set(stored) and len(stored) == len(set(stored))
    assert len(refused) <= 10 * SENDERS and len(kept) > 900
    wait.until(lambda: len(lanes(redis)) == LANES, 10, "the lost ones to be back")
    assert "queue_down" not in ingest.log() and "redis_connection_lost" in ingest.log()


def test_connections_all_killed_at_once_are_one_outage(ingest, redis):
    wait.until(lambda: len(lanes(redis)) == LANES, 10, "all connections")
    redis.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    wait.until(lambda: len(lanes(redis)) == LANES, 10, "all of them again")
    ingest.wait_ready()
    ingest.deliver([("msg_after", samples.user(1))])
    assert ingest.log().count("queue_down") <= 1
