"""A worker that has nothing to do sees for itself that its database has gone, and that it is back."""
import pytest

from harness import postgres, samples, wait
from harness.database import Database

NOTICED_S = 8  # it looks every two seconds
DOWN, UP = "event=database_unavailable", "event=database_available"


class SqliteHome:
    """A directory that can be taken away, as a volume that is unmounted."""

    def __init__(self, directory):
        self.home, self.elsewhere = directory / "home", directory / "elsewhere"
        self.home.mkdir()
        self.database = Database(self.home / "clerk.db")

    def leave(self):
        self.home.rename(self.elsewhere)

    def come_back(self):
        self.elsewhere.rename(self.home)


class PostgresHome:
    def __init__(self, server):
        self.server = server
        self.database = server.database("idle")
        self.leave, self.come_back = server.crash, server.resume


@pytest.fixture(params=["sqlite", "postgres"])
def home(request, tmp_path):
    if request.param == "sqlite":
        return SqliteHome(tmp_path)
    if not postgres.is_installed():
        pytest.skip("no PostgreSQL server is installed")
    return PostgresHome(request.getfixturevalue("own_server"))


def test_an_idle_worker_notices_that_its_database_is_gone_and_back(stack, ingest, home):
    worker = stack.worker(database=home.database)
    ingest.deliver([("msg_1", samples.user(1))])
    stack.redis.wait_drained()
    for times in (1, 2):
        home.leave()
        wait.until(lambda: worker.get("/readyz")[0] == 503, NOTICED_S, "the worker to notice")
        assert worker.get("/livez")[0] == 200 and worker.metric("clerk_worker_db_up") == 0
        calm = wait.Pause(3)
        wait.until(calm.is_over, 5)
        assert worker.log().count(DOWN) == times, worker.log()
        home.come_back()
        wait.until(lambda: worker.get("/readyz")[0] == 200, NOTICED_S, "the worker to be ready again")
        assert worker.log().count(UP) == times
    ingest.deliver([("msg_2", samples.user(2))])
    stack.redis.wait_drained()
    assert home.database.count("users") == 2 and worker.alive()


def test_an_idle_worker_whose_file_was_removed_stops_with_one_line(stack, tmp_path):
    database = Database(tmp_path / "clerk.db")
    worker = stack.worker(database=database)
    database.path.unlink()
    assert worker.wait_exit(NOTICED_S) == 1
    assert "removed" in worker.log() and worker.log().count("level=error") == 1
