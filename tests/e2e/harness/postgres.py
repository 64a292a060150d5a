"""A PostgreSQL server of our own, from Debian's packages, and looking into the worker's schema in it with psql."""
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .database import Database
from .process import ROOT, WORKER, run


def is_installed():
    return any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


class PostgresServer:
    """Listens on a socket, and on an address if there is one. The directory lies directly under /tmp, for the path of a socket is
    short, or under another folder as high up."""

    def __init__(self, address="", folder="/tmp"):
        self.env = {**os.environ, "POSTGRES_LISTEN": address}
        self.parent = tempfile.mkdtemp(prefix="clerk-pg-", dir=folder)
        Path(self.parent).chmod(0o755)
        self.dir = Path(self.parent) / "s"
        self._begin()

    def _begin(self):
        self._script("start")

    def _script(self, verb, *words):
        done = subprocess.run(["sh", ROOT / "tests/postgres.sh", verb, self.dir, *words], env=self.env, capture_output=True, text=True,
                              timeout=120)
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

    def launch(self):
        """As resume(), but while it still recovers."""
        self._script("launch")

    def is_ready(self):
        return self.run("SELECT 1", check=False).strip() == "1"

    def pid(self):
        return int((self.dir / "data/postmaster.pid").read_text().split()[0])

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def cut_workers(self):
        """Ends every connection of a worker; how many there were."""
        found = self.run("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'clerk-worker'",
                         check=False)
        return int(found or 0)

    def close(self):
        self._script("stop")
        shutil.rmtree(self.parent, ignore_errors=True)


class Standby(PostgresServer):
    """A hot standby of another server."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def _begin(self):
        self._script("follow", self.primary.dir)

    def promote(self):
        self._script("promote")


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
        return [{k: bytes.fromhex(v[2:]) if k == "body" and str(v).startswith("\\x") else v for k, v in row.items()}
                for row in json.loads(text)]

    def refuse(self, table, condition="1 = 1", words="refused"):
        self._refuse(f"check_violation USING MESSAGE = '{words}'", table, condition)

    def refuse_by_exception(self, table, condition="1 = 1"):
        """As a user writes it, with a value of the row in the message."""
        self._refuse("EXCEPTION 'not %', NEW.data", table, condition)

    def refuse_at_commit(self, table, condition):
        self._refuse("check_violation USING MESSAGE = 'too late'", table, condition, "CONSTRAINT TRIGGER", "AFTER", "DEFERRABLE INITIALLY DEFERRED")

    def _refuse(self, raised, table, condition, trigger="TRIGGER", moment="BEFORE", deferred=""):
        self.run("CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                 f"$$ BEGIN RAISE {raised}; END $$; "
                 f"CREATE {trigger} refuse {moment} INSERT ON {table} {deferred} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse()")

    def accept(self, table):
        self.run(f"DROP TRIGGER refuse ON {table}")

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
