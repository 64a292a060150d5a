"""A PostgreSQL server of our own, from Debian's packages, and looking into the worker's schema in it with psql."""
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from .database import Database
from .process import ROOT, WORKER, run


def is_installed():
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


class PostgresServer:
    """Listens on a socket only. The directory lies directly under /tmp, for the path of a socket is short."""

    def __init__(self):
        self.parent = tempfile.mkdtemp(prefix="clerk-pg-", dir="/tmp")
        Path(self.parent).chmod(0o755)
        self.dir = Path(self.parent) / "s"
        self._script("start")

    def _script(self, verb):
        done = subprocess.run(["sh", ROOT / "tests/postgres.sh", verb, self.dir], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"postgres.sh {verb}: {done.stdout}{done.stderr}"

    def url(self, schema):
        return f"postgres://clerk@/clerk?host={self.dir}&schema={schema}"

    def database(self, schema):
        return PostgresDatabase(self, schema)

    def run(self, sql, check=True, database="clerk"):
        done = subprocess.run(["psql", "-h", self.dir, "-U", "clerk", "-d", database, "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql],
                              capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def crash(self):
        """All of it gone at once, as after a power cut that the disk survives."""
        self._script("crash")

    def resume(self):
        self._script("resume")

    def cut_workers(self):
        """Ends every connection of a worker; how many there were."""
        found = self.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'clerk-worker'",
                         check=False)
        return int(found or 0)

    def close(self):
        self._script("stop")
        shutil.rmtree(self.parent, ignore_errors=True)


def quoted(value):
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


class PostgresDatabase(Database):
    """The same looks as into an SQLite file."""

    def __init__(self, server, schema):
        super().__init__(Path("/nonexistent"))
        self.server, self.schema = server, schema

    @property
    def url(self):
        return self.server.url(self.schema)

    def run(self, sql):
        return self.server.run(f"SET search_path TO \"{self.schema}\"; {sql}")

    def rows(self, sql, *args):
        for value in args:
            sql = sql.replace("?", quoted(value), 1)
        try:
            text = self.run(f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) AS r")
        except RuntimeError as e:
            if "does not exist" in str(e):
                return []
            raise
        return json.loads(text)

    def dump(self):
        """Ordered as SQLite orders, bytewise."""
        return {table: sorted(rows, key=lambda r: (r.get("svix_id") or r["clerk_id"]).encode())
                for table, rows in super().dump().items()}

    def integrity(self):
        return "ok"


def migrate(database):
    done = run([WORKER, "migrate"], {"DATABASE_URL": database.url})
    assert done.returncode == 0, done.stderr
    return done
