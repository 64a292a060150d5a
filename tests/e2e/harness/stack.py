"""Ingest and workers against one Redis and one database, with the few verbs that tests need."""
import http.client
import urllib.request

from . import signing, wait, wire
from .database import Database
from .process import INGEST, WORKER, Process, free_port

PATH = "/api/webhooks"


def admin_get(port, path):
    """(status, text) of the admin endpoint; (0, "") when nothing listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()
    except OSError:
        return 0, ""


class Program(Process):
    """A clerk program with an admin endpoint."""

    def __init__(self, argv, env, log_path, admin_port):
        self.admin_port = admin_port
        super().__init__(argv, env, log_path)

    def get(self, path):
        return admin_get(self.admin_port, path)

    def wait_ready(self, timeout_s=20):
        wait.until(lambda: self.get("/readyz")[0] == 200 or not self.alive(), timeout_s, f"{self.argv[0]} to be ready")
        assert self.alive(), f"{self.argv[0]} ended at once:\n{self.log()[-3000:]}"
        return self

    def metric(self, name):
        """The sum of all samples of a metric."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.startswith(name) and line[len(name)] in " {"]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


class Ingest(Program):
    def __init__(self, redis_url, log_path, env, argv=(INGEST,)):
        self.port = free_port()
        admin = free_port()
        defaults = {"CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET, "REDIS_URL": redis_url,
                    "INGEST_LISTEN": f"127.0.0.1:{self.port}", "INGEST_ADMIN_LISTEN": f"127.0.0.1:{admin}"}
        super().__init__(argv, {**defaults, **env}, log_path, admin)

    def post(self, body, headers=None, path=PATH, **sign):
        """One signed delivery on a connection of its own."""
        headers = signing.headers(body, **sign) if headers is None else headers
        return wire.exchange(self.port, wire.request(path, headers, body))

    def raw(self, data):
        return wire.exchange(self.port, data)

    def deliver(self, pairs):
        """Delivers (svix_id, body) pairs one after the other on one connection; each must be answered 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        for svix_id, body in pairs:
            connection.request("POST", PATH, body, signing.headers(body, svix_id=svix_id))
            response = connection.getresponse()
            text = response.read()
            assert response.status == 200, f"{svix_id}: {response.status} {text}"
        connection.close()


class Worker(Program):
    def __init__(self, redis_url, database, log_path, env):
        admin = free_port()
        defaults = {"REDIS_URL": redis_url, "DATABASE_URL": database.url, "WORKER_ADMIN_LISTEN": f"127.0.0.1:{admin}",
                    "BLOCK_MS": 100}
        super().__init__([WORKER], {**defaults, **env}, log_path, admin)


class Stack:
    """Makes programs for one test and ends them all."""

    def __init__(self, redis, directory):
        self.redis = redis
        self.dir = directory
        self.programs = []
        self.database = Database(directory / "clerk.db")

    def _log(self, name):
        return self.dir / f"{name}.{len(self.programs)}.log"

    def ingest(self, ready=True, argv=(INGEST,), **env):
        program = Ingest(self.redis.url, self._log("ingest"), env, argv)
        self.programs.append(program)
        return program.wait_ready() if ready else program

    def worker(self, ready=True, database=None, **env):
        program = Worker(self.redis.url, database or self.database, self._log("worker"), env)
        self.programs.append(program)
        return program.wait_ready() if ready else program

    def finish(self):
        try:
            for program in self.programs:
                program.finish()
        finally:
            for program in self.programs:
                program.kill()
