"""Each program is a Redis user of its own and may do what it needs, no more: the users that the compose file starts Redis with."""
import os
import stat

import pytest
import redis as redis_py

from bench.pair import Pair
from harness import samples, wait
from harness.process import ROOT, WORKER, Process, free_port, run
from harness.redis_server import GROUP, STREAM
from harness.stack import Stack

START = ROOT / "common/packaging/redis/start.sh"


class GuardedRedis:
    """A server as start.sh starts it; client is the operator."""

    def __init__(self, directory):
        self.dir = directory
        self.port = free_port()
        self.logins = directory / "logins"
        self.start()

    def start(self):
        data = self.dir / "data"
        data.mkdir(exist_ok=True)
        self.process = Process(["sh", START, "redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", data, "--save", "",
                                "--appendonly", "yes", "--appendfsync", "always"],
                               {"REDIS_LOGINS": self.logins, "REDIS_ADDRESS": f"127.0.0.1:{self.port}",
                                "REDIS_CLI": self.dir / "redis-cli"},
                               self.dir / "redis.log")
        wait.until((self.logins / "operator/redis_url").exists, 10, "the logins")
        self.client = self.as_user("operator")
        wait.until(self.answers, 10, "redis")

    def url_of(self, user):
        return (self.logins / user / "redis_url").read_text()

    def as_user(self, user):
        return redis_py.Redis.from_url(self.url_of(user))

    def answers(self):
        try:
            return self.client.ping()
        except redis_py.RedisError:
            return False

    @property
    def url(self):
        return self.url_of("ingest")

    def backlog(self):
        return self.client.xlen(STREAM)

    def pending(self):
        try:
            return self.client.xpending(STREAM, GROUP)["pending"]
        except redis_py.ResponseError:
            return 0

    def wait_drained(self, timeout_s=30):
        wait.until(lambda: self.backlog() == 0 and self.pending() == 0, timeout_s, "the stream to be drained")

    def denied(self):
        return [entry["object"] for entry in self.client.acl_log()]


@pytest.fixture
def guarded(tmp_path):
    directory = tmp_path / "guarded"
    directory.mkdir()
    made = GuardedRedis(directory)
    yield made
    made.process.kill()


@pytest.fixture
def stack(guarded, tmp_path):
    made = Stack(guarded, tmp_path)
    yield made
    made.finish()


def as_worker(guarded, **more):
    return {"REDIS_URL": guarded.url_of("worker"), **more}


def test_the_whole_flow_needs_no_more_rights(stack, guarded):
    """Every event type, a dead consumer's left-overs, a worker that leaves: nothing was denied to anybody."""
    front = stack.ingest()
    front.deliver([(f"msg_{n}", sample.body) for n, sample in enumerate(samples.ALL)])
    guarded.client.xreadgroup(GROUP, "dead", {STREAM: ">"}, count=20)
    back = stack.worker(**as_worker(guarded, CLAIM_IDLE_MS=1000))
    guarded.wait_drained()
    assert stack.database.count("webhook_events") == len(samples.ALL)
    assert front.get("/readyz")[0] == 200 and back.get("/readyz")[0] == 200
    assert back.stop() == 0
    assert [c["name"] for c in guarded.client.xinfo_consumers(STREAM, GROUP)] == [b"dead"], "it could not remove itself"
    assert guarded.denied() == []
    assert not [line for line in front.log().splitlines() + back.log().splitlines() if "NOPERM" in line or "level=warn" in line]


@pytest.mark.parametrize("words", [["status"], ["peek"]])
def test_looking_at_the_queue_works_with_the_workers_rights(stack, guarded, words):
    stack.ingest().deliver([("msg_1", samples.user(1))])
    stack.worker(**as_worker(guarded)).stop()
    done = run([WORKER, *words], as_worker(guarded, DATABASE_URL=stack.database.url))
    assert "NOPERM" not in done.stdout + done.stderr
    assert done.returncode != 2, done.stderr


FORBIDDEN = {
    "ingest": ["XRANGE clerk:events - +", "XREADGROUP GROUP workers x STREAMS clerk:events >", "XDEL clerk:events 1-1", "DEL clerk:events",
               "XTRIM clerk:events MAXLEN 0", "XADD other * a b", "XGROUP DESTROY clerk:events workers", "GET other", "SET clerk:events x",
               "FLUSHALL", "CONFIG GET *", "KEYS *", "EVAL return(0) 0", "ACL LIST", "SHUTDOWN", "REPLICAOF NO ONE", "MONITOR",
               "CLIENT LIST", "SCRIPT FLUSH", "MODULE LIST"],
    "worker": ["DEL clerk:events", "XTRIM clerk:events MAXLEN 0", "XGROUP DESTROY clerk:events workers", "XADD other * a b", "GET other",
               "FLUSHALL", "FLUSHDB", "CONFIG SET maxmemory 1", "KEYS *", "ACL LIST", "SHUTDOWN", "REPLICAOF NO ONE", "MONITOR",
               "CLIENT LIST", "SCRIPT FLUSH", "MODULE LIST", "EVAL redis.call('DEL',KEYS[1]) 1 clerk:events",
               "EVAL redis.call('FLUSHALL') 0"],
}


@pytest.mark.parametrize("user", FORBIDDEN)
def test_what_a_program_does_not_need_it_may_not_do(guarded, user):
    client = guarded.as_user(user)
    guarded.client.xadd(STREAM, {"id": "msg_kept"})
    for line in FORBIDDEN[user]:
        with pytest.raises(redis_py.RedisError) as caught:
            client.execute_command(*line.split())
        assert any(word in str(caught.value).lower() for word in ("permission", "can't run")), (line, str(caught.value))
    assert guarded.backlog() == 1


def test_without_a_login_nothing_is_allowed(guarded):
    with pytest.raises(redis_py.AuthenticationError):
        redis_py.Redis(port=guarded.port).ping()


def test_passwords_are_random_private_and_stay_over_a_restart(guarded):
    before = {user: guarded.url_of(user) for user in ("ingest", "worker", "operator")}
    passwords = {url.split(":")[2].split("@")[0] for url in before.values()}
    assert len(passwords) == 3 and all(len(p) == 64 for p in passwords)
    for user in before:
        assert stat.S_IMODE(os.stat(guarded.logins / user / "redis_url").st_mode) == 0o600
    acl = (guarded.logins / "users.acl").read_text()
    assert not any(p in acl for p in passwords) and "%" not in acl
    guarded.process.stop()
    guarded.start()
    assert before == {user: guarded.url_of(user) for user in before}


def test_redis_cli_logs_in_by_itself(guarded):
    done = run([guarded.dir / "redis-cli", "-p", guarded.port, "XLEN", STREAM])
    assert done.stdout.strip() == "0", done.stdout + done.stderr


def test_a_password_taken_away_and_given_back_is_lived_through(stack, guarded):
    pair = Pair(stack, worker_url=guarded.url_of("worker"))

    def start():
        for user in ("ingest", "worker"):
            guarded.client.execute_command("ACL", "SETUSER", user, "off")
            guarded.client.execute_command("CLIENT", "KILL", "USER", user)

    def end():
        for user in ("ingest", "worker"):
            guarded.client.execute_command("ACL", "SETUSER", user, "on")
    pair.suffer(start, end)
    for program in (pair.ingest, pair.worker):
        for user in ("ingest", "worker"):
            assert guarded.url_of(user).split(":")[2].split("@")[0] not in program.log()
