"""redis+sentinel://: both programs follow the master, and what a failover may lose is what no replica had yet."""
import itertools
import signal
import threading
import time

import pytest

from harness import samples, wait
from harness.process import WORKER, free_port, run
from harness.redis_server import RedisServer
from harness.sentinels import MASTER, MAX_LAG_S, Cluster, FakeSentinel, Offsets, Sentinel, is_replica
from harness.stack import Stack

FAILOVER_S = 15  # one until the master counts as down, the vote, the asking, and two shared cores


@pytest.fixture
def cluster(tmp_path):
    directory = tmp_path / "cluster"
    directory.mkdir()
    made = Cluster(directory)
    yield made
    made.kill()


@pytest.fixture
def followers(cluster, tmp_path):
    made = Stack(cluster, tmp_path)
    yield made
    made.finish()


class Sender:
    """Delivers event after event as Svix does: each again until it is answered 200. Notes when that was."""

    def __init__(self, ingest):
        self.ingest = ingest
        self.stop = threading.Event()
        self.numbers = itertools.count()
        self.kept = {}
        self.repeated = set()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stop.is_set():
            number = next(self.numbers)
            self.deliver(f"msg_{number}", samples.user(number))

    def finish(self):
        """What is under way is delivered all the same."""
        self.stop.set()
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive()

    def deliver(self, svix_id, body):
        while True:
            try:
                status = self.ingest.post(body, svix_id=svix_id).status
            except OSError:
                status = 0
            if status == 200:
                self.kept[svix_id] = time.monotonic()
                return
            self.repeated.add(svix_id)
            pause = wait.Pause(0.1)
            wait.until(pause.is_over, 5)

    def kept_since(self, moment):
        return [svix_id for svix_id, at in list(self.kept.items()) if at > moment]


def ledger(stack):
    return {row["svix_id"] for row in stack.database.rows("SELECT svix_id FROM webhook_events")}


def follow(stack, cluster, fail_over):
    """Load before, during and after fail_over(old master); everything promised about it is checked."""
    front = stack.ingest()
    back = stack.worker(BLOCK_MS=500)
    old = cluster.master
    sender, offsets = Sender(front), Offsets(old)
    offsets.start()
    wait.until(lambda: len(sender.kept) > 50 and len(offsets.seen) > 10, 20, "some load")
    began = time.monotonic()
    fail_over(old)
    new = cluster.wait_new_master(old)
    front.wait_log("event=redis_master_changed", FAILOVER_S)
    followed = time.monotonic()
    wait.until(lambda: len(sender.kept_since(followed)) > 50, FAILOVER_S, "200 from the new master")
    assert followed - began < FAILOVER_S
    replicated = new.client.info("replication")["second_repl_offset"] - 1
    sender.finish()
    offsets.stop.set()
    new.wait_drained()
    lost = judge_loss(stack, sender, offsets.safe_until(replicated), (began - MAX_LAG_S - 1, followed))
    for program, down, up in ((front, "event=queue_down", "event=queue_up"),
                              (back, "event=redis_unavailable", "event=redis_available")):
        program.wait_log(f"event=redis_master_changed address=127.0.0.1 port={new.port}")
        assert program.log().count("event=redis_master_changed") == 1, program.log()
        if down in program.log():
            program.wait_log(up)
        assert program.log().count(down) <= 1 and program.log().count(up) <= 2, program.log()
    return front, lost


def judge_loss(stack, sender, safe_until, window):
    """What no replica had: nothing of it is older than a replica may be behind, or newer than ingest's change of master."""
    lost = {svix_id: sender.kept[svix_id] for svix_id in set(sender.kept) - ledger(stack)}
    print(f"{len(sender.kept)} answered 200, {len(sender.repeated)} of them repeated, {len(lost)} lost")
    assert safe_until > window[0]
    assert not [at for at in lost.values() if at <= safe_until], "lost although the new master had it"
    assert not [at for at in lost.values() if not window[0] < at < window[1]], (lost, window)
    return lost


def test_a_dead_master_is_followed_and_comes_back_as_a_replica(followers, cluster):
    front, _ = follow(followers, cluster, lambda old: old.process.kill())
    old = next(s for s in cluster.servers if not s.process.alive())
    old.start()
    wait.until(lambda: is_replica(old), 30, "the old master to become a replica")
    wait.until(lambda: front.post(samples.user(1), svix_id="msg_last").status == 200, 10, "200")
    wait.until(lambda: "msg_last" in ledger(followers), 20, "the worker to go on")
    assert front.log().count("event=redis_master_changed") == 1


def fail_over(cluster):
    cluster.sentinels[0].client.execute_command("SENTINEL", "FAILOVER", MASTER)


def test_a_master_that_is_made_a_replica_is_left(followers, cluster):
    follow(followers, cluster, lambda old: fail_over(cluster))


def test_a_planned_failover_loses_nothing_when_writing_is_paused_before(followers, cluster):
    def start(old):
        old.client.client_pause(10000, all=False)
        offset = old.client.info("replication")["master_repl_offset"]
        wait.until(lambda: all(s.client.info("replication")["slave_repl_offset"] >= offset for s in cluster.replicas), 10, "the replicas")
        fail_over(cluster)
    _, lost = follow(followers, cluster, start)
    assert not lost


def test_a_frozen_master_is_left(followers, cluster):
    frozen = []

    def freeze(old):
        old.process.signal(signal.SIGSTOP)
        frozen.append(old)
    try:
        follow(followers, cluster, freeze)
    finally:
        frozen[0].process.signal(signal.SIGCONT)


def test_without_replicas_in_reach_nothing_is_answered_200(followers, cluster):
    """What bounds the loss: min-replicas-to-write."""
    front = followers.ingest()
    front.deliver([("msg_1", samples.user(1))])
    behind = cluster.replicas
    for server in behind:
        server.process.signal(signal.SIGSTOP)
    try:
        wait.until(lambda: front.post(samples.user(2)).status == 503, MAX_LAG_S + 5, "503")
        assert "NOREPLICAS" in front.get("/readyz")[1]
    finally:
        for server in behind:
            server.process.signal(signal.SIGCONT)
    wait.until(lambda: front.post(samples.user(3)).status == 200, 20, "200")


def test_looking_at_the_queue_asks_the_sentinels_too(followers, cluster):
    followers.ingest().deliver([("msg_1", samples.user(1))])
    done = run([WORKER, "peek"], {"REDIS_URL": cluster.url, "DATABASE_URL": followers.database.url})
    assert done.returncode == 0 and "user.created" in done.stdout, done.stdout + done.stderr


# --- sentinels that are not as they should be, without a cluster ---

@pytest.fixture
def fake():
    made = []

    def make(port):
        made.append(FakeSentinel(port))
        return made[-1]
    yield make
    for sentinel in made:
        sentinel.close()


def url_of(*sentinels):
    return f"redis+sentinel://{','.join(s.place for s in sentinels)}/{MASTER}"


@pytest.fixture
def replica(redis, tmp_path):
    directory = tmp_path / "replica"
    directory.mkdir()
    server = RedisServer(directory, "--replicaof", "127.0.0.1", str(redis.port))
    wait.until(lambda: server.client.info("replication")["master_link_status"] == "up", 20, "the replica")
    yield server
    server.process.kill()


def test_a_sentinel_that_is_behind_does_not_hold_the_others_up(stack, redis, replica, fake):
    url = url_of(fake(replica.port), fake(redis.port))
    front = stack.ingest(REDIS_URL=url)
    stack.worker(REDIS_URL=url)
    front.deliver([("msg_1", samples.user(1))])
    redis.wait_drained()


def test_a_master_without_replicas_may_be_one_of_the_past(stack, redis, own_redis, fake):
    """Cut off from the others it takes no writes; whoever can reach both asks again instead of waiting."""
    sentinel = fake(own_redis.port)
    front = stack.ingest(REDIS_URL=url_of(sentinel))
    back = stack.worker(REDIS_URL=url_of(sentinel))
    front.deliver([("msg_1", samples.user(1))])
    own_redis.wait_drained()
    own_redis.client.config_set("min-replicas-to-write", 1)
    assert front.post(samples.user(2)).status == 503
    sentinel.port = redis.port
    wait.until(lambda: front.post(samples.user(3), svix_id="msg_3").status == 200, 10, "200 from the new master")
    wait.until(lambda: "msg_3" in ledger(stack), 20, "the worker to follow")
    assert back.log().count("event=redis_master_changed") == 1


def test_a_replica_is_not_taken_for_the_master(stack, replica, fake):
    url = url_of(fake(replica.port))
    front = stack.ingest(ready=False, REDIS_URL=url)
    back = stack.worker(ready=False, REDIS_URL=url)
    front.wait_log("event=queue_down")
    back.wait_log("event=redis_unavailable")
    for program in (front, back):
        assert "whom the sentinels name is no master" in program.log()
    assert front.post(samples.user(1)).status == 503


def test_a_silent_sentinel_neither_stops_the_loop_nor_hides_the_next_one(stack, redis, fake):
    front = stack.ingest(ready=False, REDIS_URL=url_of(fake(0), fake(redis.port)))
    wait.until(lambda: front.get("/livez")[0] == 200, 10, "ingest to listen")
    slowest, status = 0, 503
    deadline = time.monotonic() + 10
    while status == 503 and time.monotonic() < deadline:
        began = time.monotonic()
        status = front.post(samples.user(1)).status
        slowest = max(slowest, time.monotonic() - began)
    assert status == 200
    assert slowest < 1.0, f"an answer took {slowest:.2f} s"


def test_sentinels_that_are_away_are_waited_for(stack, redis, fake):
    url = f"redis+sentinel://127.0.0.1:{free_port()}/{MASTER}"
    front = stack.ingest(ready=False, REDIS_URL=url)
    back = stack.worker(ready=False, REDIS_URL=url)
    front.wait_log("event=queue_down")
    back.wait_log("event=redis_unavailable")
    for program in (front, back):
        assert "cannot connect: sentinel: Connection refused" in program.log()


def test_a_sentinel_may_want_a_password_of_its_own(stack, redis, tmp_path):
    sentinel = Sentinel(tmp_path / "sentinel", redis.port, "hunter2")
    try:
        redis.client.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["*"], channels=["*"], commands=["+@all"])
        place = f"127.0.0.1:{sentinel.port}"
        wait.until(lambda: sentinel.master_port() == redis.port, 10, "the sentinel")
        front = stack.ingest(REDIS_URL=f"redis+sentinel://app:secret@{place}/{MASTER}/3?sentinel_password=hunter2")
        front.deliver([("msg_1", samples.user(1))])
        assert redis.client.info("keyspace")["db3"]["keys"] == 1
        wrong = stack.ingest(ready=False, REDIS_URL=f"redis+sentinel://{place}/{MASTER}?sentinel_password=wrong1")
        wrong.wait_log("event=queue_down")
        assert "cannot connect: sentinel: WRONGPASS" in wrong.log()
        assert "wrong1" not in wrong.log() and "hunter2" not in front.log() and "secret" not in front.log()
    finally:
        redis.client.acl_deluser("app")
        sentinel.process.kill()


def test_a_name_that_no_sentinel_knows_is_told(stack, redis, tmp_path):
    sentinel = Sentinel(tmp_path / "sentinel", redis.port)
    try:
        wait.until(lambda: sentinel.master_port() == redis.port, 10, "the sentinel")
        front = stack.ingest(ready=False, REDIS_URL=f"redis+sentinel://127.0.0.1:{sentinel.port}/other")
        front.wait_log("event=queue_down")
        assert "sentinel: it knows no master of this name" in front.log()
    finally:
        sentinel.process.kill()
