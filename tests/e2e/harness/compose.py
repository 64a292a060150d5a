"""docker-compose.yml as a user runs it, under a project name of its own, and a load for it."""
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from . import samples, signing, wait
from .database import Database
from .process import ROOT, free_port

SENDERS = 4
PAUSE_S = 0.01


def engine_answers():
    if not (shutil.which("docker") and shutil.which("docker-compose")):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


NEEDS_ENGINE = [
    pytest.mark.skipif("COMPOSE_TEST" not in os.environ, reason="compose has a step of its own: sh tests/run.sh compose"),
    pytest.mark.skipif("COMPOSE_TEST" in os.environ and not engine_answers(), reason="no Docker engine answers"),
]


def docker(*words, timeout_s=120):
    """What a docker command printed; it must succeed."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"docker {words}: {done.stderr[-3000:]}"
    return done.stdout


def post(port, body, svix_id):
    """The answer's status; 0 while nobody answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/webhooks", body, signing.headers(body, svix_id=svix_id))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code
    except OSError:
        return 0


class Compose:
    def __init__(self, project, directory):
        secret = directory / "secret"
        secret.write_text(signing.SECRET)
        secret.chmod(0o644)
        self.project = project
        self.port = free_port()
        self.env = {**os.environ, "PORT": str(self.port), "CLERK_WEBHOOK_SIGNING_SECRET_PATH": str(secret)}
        self.dir = directory
        self.options = []  # of docker-compose itself

    def __call__(self, *words, timeout_s=120, check=True):
        command = ["docker-compose", "-p", self.project, "-f", str(ROOT / "docker-compose.yml"), *self.options, *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT, check=False)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def start(self, *scales, services=("redis", "ingest", "worker", "proxy")):
        """Builds, starts, and waits until the services are healthy."""
        self("build", timeout_s=500)
        self("up", "-d", *[word for scale in scales for word in ("--scale", scale)], timeout_s=180)
        for service in services:
            wait.until(lambda service=service: self.healthy(service), 90, f"{service} to be healthy")
        return self

    def end(self):
        self("down", "-v", "--timeout", "20", check=False)

    def containers(self, service):
        return self("ps", "-q", service).split()

    def inspect(self, container):
        return json.loads(docker("inspect", container))[0]

    def is_healthy(self, container):
        return self.inspect(container)["State"].get("Health", {}).get("Status") == "healthy"

    def healthy(self, service):
        containers = self.containers(service)
        return containers and all(self.is_healthy(c) for c in containers)

    def wait_ready(self, container, service):
        def is_ready():
            asked = subprocess.run(["docker", "exec", container, f"clerk-{service}", "--healthcheck"], capture_output=True, check=False)
            return asked.returncode == 0

        wait.until(is_ready, 60, f"{service} {container[:12]} to be ready")

    def post(self, body, svix_id):
        return post(self.port, body, svix_id)

    def backlog(self):
        return self("exec", "-T", "redis", "redis-cli", "XLEN", "clerk:events").strip()

    def wait_drained(self):
        wait.until(lambda: self.backlog() == "0", 60, "the stream to be drained")

    def database(self):
        """A copy of the database with its log, taken out of a worker's volume."""
        target = self.dir / "copy"

        def succeeds(*words):
            return subprocess.run(["docker", *words], capture_output=True, timeout=60, check=False).returncode == 0

        def is_copied():  # not while the log is being folded in: idle workers do that within a second or two
            shutil.rmtree(target, ignore_errors=True)
            worker = self.containers("worker")[0]
            return succeeds("exec", worker, "sh", "-c", "! [ -s /data/clerk.db-wal ]") and succeeds("cp", f"{worker}:/data", str(target))

        wait.until(is_copied, 60, "the database to be copied")
        with closing(sqlite3.connect(target / "clerk.db")) as db:  # once writable, so that the log is folded in
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return Database(target / "clerk.db")


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
