"""docker-compose with the profiles monitoring and page: Prometheus finds every container and evaluates the rules; the workers'
page is there for who has the token."""
import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from harness import samples, wait
from harness.compose import NEEDS_ENGINE, Compose
from harness.process import free_port

TOKEN = "a token for the page of this test"

pytestmark = NEEDS_ENGINE


class Watched(Compose):
    def __init__(self, directory):
        super().__init__("clerksyncwatch", directory)
        self.prometheus_port = free_port()
        self.page_port = free_port()
        self.env |= {"COMPOSE_PROFILES": "monitoring,page", "PROMETHEUS_PORT": str(self.prometheus_port),
                     "PAGE_PORT": str(self.page_port), "WORKER_ADMIN_TOKEN": TOKEN}

    def ask(self, path, **query):
        """Prometheus' answer; None while it does not give one."""
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def page(self, path, opener=None, **form):
        """(status, body) of the page; a form is posted."""
        data = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.page_port}{path}", data)
        try:
            with (opener or urllib.request.build_opener()).open(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

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
    # each container is asked at a time of its own
    wait.until(lambda: watched.query("sum(clerk_ingest_stored_total)") == {(): 10}, 60, "ten stored events")
    rules = watched.ask("rules")["groups"][0]["rules"]
    assert len(rules) == 9 and all(rule["health"] == "ok" and rule["state"] == "inactive" for rule in rules), rules


def test_the_page_is_at_a_port_of_this_machine_and_a_log_in_lasts_whichever_worker_answers(watched):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    wait.until(lambda: watched.page("/livez")[0] == 200, 30, "a worker to answer")
    assert watched.page("/api/status")[0] == 401
    assert watched.page("/login", browser, token=TOKEN)[0] == 200
    for _ in range(10):
        status, body = watched.page("/api/status", browser)
        assert status == 200 and "queue" in json.loads(body)
    assert "<title>clerk-sync</title>" in watched.page("/", browser)[1]
    host = watched.inspect(watched.containers("page")[0])["HostConfig"]
    assert host["PortBindings"] == {"9101/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(watched.page_port)}]}
