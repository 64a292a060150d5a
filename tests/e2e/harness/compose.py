"""docker-compose.yml as a user runs it, under a project name of its own."""
import json
import os
import shutil
import sqlite3
import subprocess
import urllib.error
import urllib.request
from contextlib import closing

from . import signing, wait
from .database import Database
from .process import ROOT, free_port


def engine_answers():
    if not (shutil.which("docker") and shutil.which("docker-compose")):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def docker(*words, timeout_s=120):
    """What a docker command printed; it must succeed."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"docker {words}: {done.stderr[-3000:]}"
    return done.stdout


class Compose:
    def __init__(self, project, directory):
        secret = directory / "secret"
        secret.write_text(signing.SECRET)
        secret.chmod(0o644)
        self.project = project
        self.port = free_port()
        self.env = {**os.environ, "PORT": str(self.port), "CLERK_WEBHOOK_SIGNING_SECRET_PATH": str(secret)}
        self.dir = directory

    def __call__(self, *words, timeout_s=120, check=True):
        command = ["docker-compose", "-p", self.project, "-f", str(ROOT / "docker-compose.yml"), *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT, check=False)
        assert done.returncode == 0 or not check, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def start(self, *scales):
        """Builds, starts, and waits until everything is healthy."""
        self("build", timeout_s=500)
        self("up", "-d", *[word for scale in scales for word in ("--scale", scale)], timeout_s=180)
        for service in ("redis", "ingest", "worker", "proxy"):
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

    def post(self, body, svix_id):
        """The answer's status; 0 while nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/webhooks", body, signing.headers(body, svix_id=svix_id))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
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
