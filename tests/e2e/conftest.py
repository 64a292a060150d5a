"""Fixtures: one Redis for the session, emptied before each test; programs that end with their test."""
import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import postgres  # noqa: E402
from harness.database import Database  # noqa: E402
from harness.postgres import PostgresServer  # noqa: E402
from harness.process import INGEST, WORKER  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402
from harness.stack import Stack  # noqa: E402

numbers = itertools.count()


def pytest_collection_modifyitems(items):
    """Without the programs every test but the compose one would fail for the same reason: say it once."""
    missing = [str(p) for p in (INGEST, WORKER) if not p.exists()]
    if missing and any("compose" not in item.nodeid for item in items):
        pytest.exit(f"not built: {', '.join(missing)} (cmake --preset dev && cmake --build build/dev; or set BUILD_DIR)", 1)


@pytest.fixture(scope="session")
def session_redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def redis(session_redis):
    session_redis.empty()
    return session_redis


@pytest.fixture
def own_redis(tmp_path):
    """A Redis that the test may stop, fill and restart."""
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(directory)
    yield server
    server.process.kill()


@pytest.fixture(scope="session")
def session_server():
    """One PostgreSQL for all tests; each has a schema of its own in it."""
    if not postgres.is_installed():
        pytest.skip("no PostgreSQL server is installed")
    made = PostgresServer()
    yield made
    made.close()


@pytest.fixture
def kind(request):
    """Of the database: see both_databases."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def database(kind, request, tmp_path, schema):
    if kind == "sqlite":
        return Database(tmp_path / "clerk.db")
    return request.getfixturevalue("session_server").database(f"{schema}_{next(numbers)}")


@pytest.fixture
def stack(redis, tmp_path, database):
    made = Stack(redis, tmp_path)
    made.database = database
    yield made
    made.finish()


@pytest.fixture
def own_stack(own_redis, tmp_path, database):
    made = Stack(own_redis, tmp_path)
    made.database = database
    yield made
    made.finish()


@pytest.fixture(scope="session")
def session_stack(session_redis, tmp_path_factory):
    made = Stack(session_redis, tmp_path_factory.mktemp("session"))
    yield made
    made.finish()


@pytest.fixture(scope="session")
def session_ingest(session_stack):
    return session_stack.ingest()


@pytest.fixture
def ingest(redis, session_ingest):
    """An ingest with default settings; shared, because no test may be able to harm it."""
    assert session_ingest.alive(), f"ingest died in an earlier test:\n{session_ingest.log()[-6000:]}"
    return session_ingest


@pytest.fixture(scope="module")
def server():
    made = PostgresServer()
    yield made
    made.close()


@pytest.fixture
def schema(request):
    return "t_" + "".join(c if c.isalnum() else "_" for c in request.node.name)[-50:]


@pytest.fixture
def own_server():
    """One that the test may crash and stop."""
    made = PostgresServer()
    yield made
    made.close()
