"""docker-compose with PostgreSQL in place of SQLite: two ingests and eight workers, killed at random together with Redis and
PostgreSQL."""
import json
import random

import pytest

from harness import samples, wait
from harness.compose import NEEDS_ENGINE, Compose, Load, docker
from harness.database import OBJECT_TABLES
from harness.postgres import PostgresDatabase

KILLS = 10
SEED = 20261121
SERVICES = ("redis", "postgres", "ingest", "worker", "proxy")
# Notes every effect on a user, so that one done twice shows.
EFFECTS = """SET ROLE clerk; CREATE TABLE effects (clerk_id TEXT NOT NULL);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO effects VALUES (new.clerk_id); RETURN new; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION note();"""

pytestmark = NEEDS_ENGINE


class ComposePostgres(Compose):
    """Set up as .env.example says."""

    def __init__(self, directory):
        super().__init__("clerksyncpostgres", directory)
        settings = directory / "env"
        settings.write_text("COMPOSE_PROFILES=postgres\nDATABASE_URL=postgres://clerk@postgres/clerk\n")
        self.options = ["--env-file", str(settings)]

    def run(self, sql, check=True):
        """What psql says to the operator, as PostgresDatabase wants it."""
        try:
            return self("exec", "-T", "-u", "postgres", "postgres", "psql", "clerk", "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql)
        except AssertionError as e:
            if check:
                raise RuntimeError(str(e)) from e
            return ""

    def database(self):
        return PostgresDatabase(self, "public")


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    made = ComposePostgres(tmp_path_factory.mktemp("compose"))
    try:
        yield made.start("ingest=2", "worker=8", services=SERVICES)
    finally:
        made.end()


def test_no_worker_had_to_be_started_twice_while_the_database_was_being_made(compose):
    assert [compose.inspect(c)["RestartCount"] for c in compose.containers("worker")] == [0] * 8


def test_one_event_of_every_kind_goes_through_eight_workers(compose):
    story = [s for s in samples.ALL if not s.type.endswith(".deleted")] + [samples.variant("unknown.type")]
    ends = [s for s in samples.ALL if s.type.endswith(".deleted")]
    for part in (story, ends):
        for sample in part:
            assert compose.post(sample.body, "msg_" + sample.type.replace(".", "_")) == 200, sample.type
        compose.wait_drained()
        database = compose.database()
        assert database.count("dead_letters") == 0
        if part is story:
            assert [t for t in OBJECT_TABLES if database.count(t) == 0] == []
    assert database.count("webhook_events") == len(story) + len(ends)
    assert database.row("users", samples.BY_TYPE["user.deleted"].data["id"]) is None


def test_containers_killed_at_random_lose_nothing_and_do_nothing_twice(compose):
    compose.run(EFFECTS)
    chance = random.Random(SEED)
    with Load(compose, "killed") as load:
        for number in range(KILLS):
            service = ("postgres", "redis")[number] if number < 2 else chance.choice(("worker", "worker", "ingest", "postgres", "redis"))
            container = chance.choice(sorted(compose.containers(service)))
            docker("kill", container)
            if service != "redis":  # without it there are no answers
                load.wait_for_more(50)
            docker("start", container)
            if service in ("ingest", "worker") and compose.healthy("postgres"):
                compose.wait_ready(container, service)
            load.wait_for_more(50)
    assert load.refused() == {}
    wait.until(lambda: compose.healthy("postgres"), 60, "PostgreSQL to be healthy")
    compose.wait_drained()
    database = compose.database()
    outcomes = {r["svix_id"]: r["outcome"] for r in database.rows("SELECT svix_id, outcome FROM webhook_events")}
    assert [i for i in load.answers if outcomes.get(i) != "applied"] == []
    effects = database.rows("SELECT clerk_id, count(*) AS n FROM effects GROUP BY clerk_id")
    assert len(effects) == len(load.answers) and [e for e in effects if e["n"] != 1] == []
    assert database.count("dead_letters") == 0


def test_the_database_is_reached_by_the_workers_alone_and_its_password_shows_nowhere(compose):
    found = compose.inspect(compose.containers("postgres")[0])
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["PidsLimit"] and host["Memory"]
    assert not host["PortBindings"]
    password = compose("exec", "-T", "postgres", "cat", "/var/lib/postgresql/data/password").strip()
    assert len(password) == 64
    workers = [compose.inspect(c) for c in compose.containers("worker")]
    assert password not in json.dumps([found, *workers]) + compose("logs", "--no-color")
    server = compose("exec", "-T", "postgres", "sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; grep ^Cap /proc/1/status; id -u postgres; stat -c %u /proc/1")
    assert password not in server and server.split()[-1] == server.split()[-2] != "0"
    assert all(line.split()[1].strip("0") == "" for line in server.splitlines() if line.startswith(("CapEff", "CapPrm")))
    strangers = ("exec", "-T", "-e", f"PGPASSWORD={password}", "postgres", "psql", "-h", "127.0.0.1", "-c", "SELECT 1", "-U")
    assert "1 row" in compose(*strangers, "clerk", "clerk")
    assert compose(*strangers, "postgres", "postgres", check=False) == ""  # not over the network


def test_postgres_stops_at_once_though_workers_hold_connections(compose):
    container = compose.containers("postgres")[0]
    compose("stop", "postgres")
    assert compose.inspect(container)["State"]["ExitCode"] == 0
