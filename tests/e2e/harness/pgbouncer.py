"""PgBouncer in transaction mode before a PostgreSQL server of ours, from Debian's package."""
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import wait
from .postgres import PostgresDatabase
from .process import Process, free_port

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"


def is_installed():
    return Path(PROGRAM).exists()


def version():
    text = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(n) for n in re.search(r"(\d+)\.(\d+)", text).groups())


def keeps_statements():
    """Whether this version can carry named statements over to another session (max_prepared_statements)."""
    return version() >= (1, 21)


CONFIGURATION = """[databases]
clerk = host={server} dbname=clerk user=clerk
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 100
server_login_retry = 1
"""


class PgBouncer:
    """Runs as whoever owns the server's socket where the tests run as root, for PgBouncer refuses root."""

    def __init__(self, server, pool=2, statements=0):
        self.server = server
        self.port = free_port()
        self.dir = Path(tempfile.mkdtemp(prefix="clerk-pgb-", dir="/tmp"))
        text = CONFIGURATION.format(server=server.dir, port=self.port, pool=pool)
        if keeps_statements():
            text += f"max_prepared_statements = {statements}\n"
        self.dir.chmod(0o755)
        (self.dir / "pgbouncer.ini").write_text(text)
        self.process = None
        self.start()

    def start(self):
        owner = Path(self.server.dir).owner()
        self.process = Process([PROGRAM, "-q", "-u", owner, self.dir / "pgbouncer.ini"], {}, self.dir / "log")
        wait.until(self.answers, 20, "pgbouncer to answer")

    def answers(self):
        assert self.process.alive(), self.process.log()
        done = subprocess.run(["psql", self.psql_url(), "-qAtX", "-c", "SELECT 1"], capture_output=True, text=True, timeout=10)
        return done.returncode == 0

    def psql_url(self):
        return f"postgres://clerk@127.0.0.1:{self.port}/clerk"

    def run(self, sql):
        return subprocess.run(["psql", self.psql_url(), "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql], capture_output=True, text=True,
                              timeout=20, check=True).stdout

    def kill(self):
        self.process.kill()

    def database(self, schema, options=""):
        return PooledDatabase(self, schema, options)

    def close(self):
        self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class PooledDatabase(PostgresDatabase):
    """The workers come through the pooler, the test's own looks go to the server."""

    def __init__(self, bouncer, schema, options):
        super().__init__(bouncer.server, schema)
        self.bouncer, self.options = bouncer, options

    @property
    def url(self):
        return f"{self.bouncer.psql_url()}?schema={self.schema}{self.options}"
