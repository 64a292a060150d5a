"""Fixtures of the fault bench. The processes, Redis and the database are those of the end-to-end tests."""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
os.environ.setdefault("BUILD_DIR", str(HERE.parents[1] / "build/chaos"))
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from bench import oracle, settings  # noqa: E402
from harness import postgres  # noqa: E402
from harness.database import Database  # noqa: E402
from harness.process import INGEST, WORKER  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402
from harness.stack import Stack  # noqa: E402

figures = []


def pytest_report_header():
    return f"seed {settings.SEED}, {'long' if settings.LONG else 'short'} form, programs of {os.environ['BUILD_DIR']}"


def pytest_collection_modifyitems(items):
    missing = [str(p) for p in (INGEST, WORKER) if not p.exists()]
    if missing and items:
        pytest.exit(f"not built: {', '.join(missing)} (sh tests/chaos/run.sh builds; or set BUILD_DIR)", 1)


def pytest_runtest_logreport(report):
    if report.when == "teardown":  # what the other processes of xdist report comes by here, too
        figures.extend(value for name, value in report.user_properties if name == "figure")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section(f"figures, seed {settings.SEED}")
    for line in figures:
        terminalreporter.write_line(line)


@pytest.fixture
def report(request):
    """report(...) puts a line of figures under the run's results."""
    def add(*facts, **named):
        words = [str(f) for f in facts] + [f"{k}={v}" for k, v in named.items()]
        request.node.user_properties.append(("figure", f"{request.node.name}: {' '.join(words)}"))
    return add


@pytest.fixture
def dice(request):
    return settings.dice(request.node.name)


@pytest.fixture
def make_redis(tmp_path):
    """Servers that the test may kill and restart; further options of redis-server win over the durable defaults."""
    made = []

    def make(*options, env=None):
        directory = tmp_path / f"redis{len(made)}"
        directory.mkdir(exist_ok=True)
        made.append(RedisServer(directory, *options, env=env))
        return made[-1]
    yield make
    for server in made:
        server.process.kill()


@pytest.fixture
def redis(make_redis):
    return make_redis()


@pytest.fixture(scope="session")
def session_server():
    """One PostgreSQL for all tests; each has a schema of its own in it."""
    made = postgres.PostgresServer()
    yield made
    made.close()


@pytest.fixture
def own_server():
    """A PostgreSQL that the test may kill, fill and restart."""
    made = postgres.PostgresServer()
    yield made
    made.close()


@pytest.fixture
def kind(request):
    return getattr(request, "param", "sqlite")


@pytest.fixture
def make_database(kind, tmp_path, request):
    """Databases of the test's kind, by name."""
    if kind == "postgres" and not postgres.is_installed():
        pytest.skip("no PostgreSQL server is installed")
    word = "".join(c if c.isalnum() else "_" for c in request.node.name)[-40:]

    def make(name):
        if kind == "sqlite":
            return Database(tmp_path / f"{name}.db")
        return request.getfixturevalue("session_server").database(f"t_{word}_{name}")
    return make


@pytest.fixture
def database(make_database):
    """One that counts effects."""
    made = make_database("clerk")
    oracle.prepare(made)
    return made


@pytest.fixture
def stack(redis, tmp_path, database):
    """Programs around one Redis and one database that counts effects."""
    made = Stack(redis, tmp_path)
    made.database = database
    yield made
    made.finish()
