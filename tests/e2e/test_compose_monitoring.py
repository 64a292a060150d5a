"""docker-compose --profile monitoring: Prometheus finds every container of the pair and evaluates the rules."""
import json
import os
import urllib.parse
import urllib.request

import pytest

from harness import samples, wait
from harness.compose import Compose, engine_answers
from harness.process import free_port

pytestmark = [
    pytest.mark.skipif("COMPOSE_TEST" not in os.environ, reason="compose has a step of its own: sh tests/run.sh compose"),
    pytest.mark.skipif("COMPOSE_TEST" in os.environ and not engine_answers(), reason="no Docker engine answers"),
]


class Watched(Compose):
    def __init__(self, directory):
        super().__init__("clerksyncwatch", directory)
        self.prometheus_port = free_port()
        self.env |= {"COMPOSE_PROFILES": "monitoring", "PROMETHEUS_PORT": str(self.prometheus_port)}

    def ask(self, path, **query):
        """Prometheus' answer; None while it does not give one."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def query(self, text):
        data = self.ask("query", query=text)
        return {tuple(sorted(r["metric"].items())): float(r["value"][1]) for r in data["result"]} if data else {}


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    made = Watched(tmp_path_factory.mktemp("monitoring"))
    try:
        yield made.start("ingest=2", "worker=3")
    finally:
        made.end()


def test_prometheus_finds_every_container_once_and_follows_the_events(watched):
    wait.until(lambda: watched.query('count by (job) (up{job=~"clerk-.*"} == 1)') ==
               {(("job", "clerk-ingest"),): 2, (("job", "clerk-worker"),): 3, (("job", "clerk-proxy"),): 1}, 120, "all targets")
    for number in range(10):
        assert watched.post(samples.user(number), f"msg_watched_{number}") == 200
    watched.wait_drained()
    wait.until(lambda: watched.query('sum(clerk_worker_events_processed_total{result="applied"})') == {(): 10}, 60, "ten events")
    assert watched.query("sum(clerk_ingest_stored_total)") == {(): 10}
    rules = watched.ask("rules")["groups"][0]["rules"]
    assert len(rules) == 9 and all(rule["health"] == "ok" and rule["state"] == "inactive" for rule in rules), rules
