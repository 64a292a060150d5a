"""docker-compose.yml as a user runs it: four workers, one event of every kind, Redis restarted."""
import json
import os
import shutil
import sqlite3
import subprocess
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from harness import samples, signing, wait
from harness.database import OBJECT_TABLES, Database
from harness.process import ROOT, free_port

PROJECT = "clerksynctest"


def engine_answers():
    if not (shutil.which("docker") and shutil.which("docker-compose")):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.skipif("COMPOSE_TEST" not in os.environ, reason="compose has a step of its own: sh tests/run.sh compose"),
    pytest.mark.skipif("COMPOSE_TEST" in os.environ and not engine_answers(), reason="no Docker engine answers"),
]


class Compose:
    def __init__(self, directory):
        secret = directory / "secret"
        secret.write_text(signing.SECRET)
        secret.chmod(0o644)
        self.port = free_port()
        self.env = {**os.environ, "PORT": str(self.port), "CLERK_WEBHOOK_SIGNING_SECRET_PATH": str(secret)}
        self.dir = directory

    def __call__(self, *words, timeout_s=120, check=True):
        command = ["docker-compose", "-p", PROJECT, "-f", str(ROOT / "docker-compose.yml"), *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT, check=False)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def containers(self, service):
        return self("ps", "-q", service).split()

    def inspect(self, container):
        return json.loads(subprocess.run(["docker", "inspect", container], capture_output=True, check=True).stdout)[0]

    def healthy(self, service):
        states = [self.inspect(c)["State"].get("Health", {}).get("Status") for c in self.containers(service)]
        return states and all(s == "healthy" for s in states)

    def post(self, body, svix_id):
        """The answer's status; 0 while nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/webhooks", body, signing.headers(body, svix_id=svix_id))
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError:
            return 0

    def backlog(self):
        return self("exec", "-T", "redis", "redis-cli", "XLEN", "clerk:events").strip()

    def wait_drained(self):
        wait.until(lambda: self.backlog() == "0", 60, "the stream to be drained")

    def database(self):
        """A copy of the database with its log, taken out of a worker's volume."""
        target = self.dir / "copy"
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["docker", "cp", f"{self.containers('worker')[0]}:/data", str(target)], check=True, capture_output=True)
        with closing(sqlite3.connect(target / "clerk.db")) as db:  # once writable, so that the log is folded in
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return Database(target / "clerk.db")


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    made = Compose(tmp_path_factory.mktemp("compose"))
    try:
        made("build", timeout_s=500)
        made("up", "-d", "--scale", "worker=4", timeout_s=180)
        for service in ("redis", "ingest", "worker"):
            wait.until(lambda service=service: made.healthy(service), 90, f"{service} to be healthy")
        yield made
    finally:
        made("logs", "--no-color", "--tail", "50", check=False)
        made("down", "-v", "--timeout", "20", check=False)


def test_one_event_of_every_kind_goes_through_four_workers(compose):
    assert len(compose.containers("worker")) == 4
    story = [s for s in samples.ALL if not s.type.endswith(".deleted")] + [samples.variant("unknown.type")]
    for sample in story:
        assert compose.post(sample.body, "msg_" + sample.type.replace(".", "_")) == 200, sample.type
    compose.wait_drained()
    database = compose.database()
    assert database.count("webhook_events") == len(story)
    assert [t for t in OBJECT_TABLES if database.count(t) == 0] == []
    assert database.count("dead_letters") == 0 and database.integrity() == "ok"


def test_a_restart_of_redis_is_survived(compose):
    compose("restart", "redis")
    body = samples.user("after_restart")
    wait.until(lambda: compose.post(body, "msg_after_restart") == 200, 60, "ingest to accept again")
    compose.wait_drained()
    assert compose.database().row("users", "user_e2eafter_restart")


def test_the_containers_have_no_more_rights_than_they_need(compose):
    for service in ("ingest", "worker"):
        found = compose.inspect(compose.containers(service)[0])
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["PidsLimit"] and host["Memory"]
        assert any("no-new-privileges" in option for option in host["SecurityOpt"])
        assert found["Config"]["User"].startswith("10001")
        assert signing.SECRET not in json.dumps(found)
    published = {s: compose.inspect(compose.containers(s)[0])["HostConfig"]["PortBindings"] for s in ("redis", "ingest", "worker")}
    assert list(published["ingest"]) == ["3000/tcp"] and not published["redis"] and not published["worker"]


def test_sigterm_ends_every_container_with_exit_code_0(compose):
    programs = compose.containers("worker") + compose.containers("ingest")
    compose("stop", "worker", "ingest")
    for container in programs:
        assert compose.inspect(container)["State"]["ExitCode"] == 0, container
