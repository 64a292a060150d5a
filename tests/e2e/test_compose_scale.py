"""Three ingests behind the proxy and four workers: restarted one by one, killed at random, added to, always under load."""
import json
import os
import random
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

from harness import samples, wait
from harness.compose import Compose, docker, engine_answers

SENDERS = 4
PAUSE_S = 0.01
KILLS = 10
SEED = 20261120

pytestmark = [
    pytest.mark.skipif("COMPOSE_TEST" not in os.environ, reason="compose has a step of its own: sh tests/run.sh compose"),
    pytest.mark.skipif("COMPOSE_TEST" in os.environ and not engine_answers(), reason="no Docker engine answers"),
]


class Load:
    """Posts one new user after the other, over a connection each, until the with block ends; remembers each answer."""

    def __init__(self, compose, name):
        self.compose = compose
        self.name = name
        self.answers = {}
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def _send(self, sender):
        number = 0
        while not self.over.wait(PAUSE_S):
            number += 1
            key = f"{self.name}x{sender}x{number}"
            self.answers["msg_" + key] = self.compose.post(samples.user(key), "msg_" + key)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait_for_more(self, count=100):
        """The load goes on: so many more answers have come."""
        enough = len(self.answers) + count
        wait.until(lambda: len(self.answers) >= enough, 60, f"{count} more answers")

    def refused(self):
        return {svix_id: status for svix_id, status in self.answers.items() if status != 200}


def is_ready(container, program):
    return subprocess.run(["docker", "exec", container, program, "--healthcheck"], capture_output=True, check=False).returncode == 0


def wait_ready(container, service):
    wait.until(lambda: is_ready(container, f"clerk-{service}"), 60, f"{service} {container[:12]} to be ready")


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    made = Compose("clerksyncscale", tmp_path_factory.mktemp("compose"))
    try:
        yield made.start("ingest=3", "worker=4")
    finally:
        made.end()


def check_every_accepted_event_took_effect_once(compose, load):
    compose.wait_drained()
    database = compose.database()
    outcomes = {r["svix_id"]: r["outcome"] for r in database.rows("SELECT svix_id, outcome FROM webhook_events")}
    assert [i for i in load.answers if outcomes.get(i) != "applied"] == []
    assert database.count("dead_letters") == 0 and database.integrity() == "ok"


def test_ingests_and_workers_restarted_one_by_one_refuse_nobody(compose):
    with Load(compose, "rolling") as load:
        for service in ("ingest", "worker"):
            for container in compose.containers(service):
                docker("restart", "-t", "20", container)
                wait_ready(container, service)
                load.wait_for_more()
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)


def test_containers_killed_at_random_refuse_nobody_and_lose_nothing(compose):
    chance = random.Random(SEED)
    with Load(compose, "killed") as load:
        for _ in range(KILLS):
            service = chance.choice(("ingest", "worker"))
            container = chance.choice(sorted(compose.containers(service)))
            docker("kill", container)
            load.wait_for_more()
            docker("start", container)
            wait_ready(container, service)
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)
    log = docker("logs", compose.containers("proxy")[0]).splitlines()
    retried = [json.loads(line) for line in log if line.startswith("{")]
    assert retried and all(line["event"] == "request" for line in retried)


def test_an_ingest_that_is_added_takes_over_from_the_old_ones(compose):
    old = compose.containers("ingest")
    with Load(compose, "added") as load:
        compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "ingest=4", "ingest")
        new, = set(compose.containers("ingest")) - set(old)
        wait_ready(new, "ingest")
        load.wait_for_more()
        for container in old:
            docker("stop", "-t", "20", container)
            docker("rm", container)
            load.wait_for_more()
    assert compose.containers("ingest") == [new] and len(compose.containers("worker")) == 4
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)


def test_large_events_pass_the_proxy_and_too_large_ones_are_answered_413(compose):
    # A client that goes on sending after the answer may see a reset (0) in its place.
    for size, answers in ((200_000, [200]), (1_000_000, [200]), (2_000_000, [413, 0]), (20_000_000, [413, 0])):
        assert compose.post(samples.user(f"size{size}", private_metadata={"x": "y" * size}), f"msg_size{size}") in answers, size
    compose.wait_drained()
    stored = {r["clerk_id"] for r in compose.database().rows("SELECT clerk_id FROM users WHERE clerk_id LIKE 'user_e2esize%'")}
    assert stored == {"user_e2esize200000", "user_e2esize1000000"}


def test_the_proxy_alone_is_published_and_has_no_more_rights_than_it_needs(compose):
    proxy = compose.inspect(compose.containers("proxy")[0])
    host = proxy["HostConfig"]
    assert list(host["PortBindings"]) == ["3000/tcp"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["PidsLimit"] and host["Memory"]
    assert not any(compose.inspect(c)["HostConfig"]["PortBindings"] for s in ("ingest", "worker", "redis") for c in compose.containers(s))


def test_without_any_ingest_the_proxy_answers_in_its_words(compose):
    for container in compose.containers("ingest"):
        docker("stop", "-t", "20", container)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{compose.port}/api/webhooks", b"{}", timeout=20)
    assert refused.value.code == 503 and refused.value.headers["Retry-After"] == "5"
    assert refused.value.read() == b'{"error":"Queue unavailable"}'
