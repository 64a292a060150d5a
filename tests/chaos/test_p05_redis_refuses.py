"""P5: Redis answers, but refuses. Ingest says 503 within 2 s and serves within 5 s of the cure; the worker waits, quietly."""
import threading
import time

import pytest
import redis as redis_py

from bench.pair import Pair
from bench.settings import figure
from bench.tmpfs import fill, small_disk
from harness import samples, wait
from harness.process import free_port
from harness.redis_server import STREAM, RedisServer
from harness.stack import Stack

LOADING_ENTRIES = figure(3000, 1000000)
SLOW_LOADING = figure(("--key-load-delay", 1000, "--loading-process-events-interval-bytes", 1024), ())  # a million is slow enough
LOADED_S = figure(60, 300)


def config(name, value):
    return lambda server: server.client.config_set(name, value)


def replica_of(*address):
    return lambda server: server.client.execute_command("REPLICAOF", *address)


def set_user(*rules):
    return lambda server: server.client.execute_command("ACL", "SETUSER", "default", *rules)


def hang_in_a_script(server):
    """Beyond busy-reply-threshold everybody else is told BUSY."""
    server.client.config_set("busy-reply-threshold", 100)

    def run():
        try:
            redis_py.Redis(port=server.port).eval("while true do end", 0)
        except redis_py.RedisError:
            pass  # killed, as it should be
    threading.Thread(target=run, daemon=True).start()


def ask_for_a_password(server):
    server.client.config_set("requirepass", "set-later")
    server.client.client_kill_filter(_type="normal", skipme=True)


def ask_for_none(server):
    redis_py.Redis(port=server.port, password="set-later").config_set("requirepass", "")


REFUSALS = {
    "READONLY": (replica_of("127.0.0.1", free_port()), replica_of("NO", "ONE")),
    "NOREPLICAS": (config("min-replicas-to-write", 1), config("min-replicas-to-write", 0)),
    "OOM": (config("maxmemory", "1mb"), config("maxmemory", 0)),
    "BUSY": (hang_in_a_script, lambda server: server.client.script_kill()),
    "NOAUTH": (ask_for_a_password, ask_for_none),
    "NOPERM for writing": (set_user("-xadd"), set_user("+@all")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusing_redis_means_503_at_once_and_goes_on_after_the_cure(stack, redis, report, name):
    start, end = REFUSALS[name]
    pair = Pair(stack)
    report(**pair.suffer(lambda: start(redis), lambda: end(redis)))
    pair.judge_logs()


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", 3) as directory:
        yield directory


@pytest.fixture
def on_small_disk(disk, tmp_path, request):
    """A stack whose Redis writes to the small disk; the parameter is appendfsync."""
    server = RedisServer(disk, "--appendfsync", request.param)
    made = Stack(server, tmp_path)
    yield made
    made.finish()
    server.process.kill()


@pytest.mark.parametrize("on_small_disk", ["everysec"], indirect=True)
def test_a_full_disk_under_redis_means_503_until_there_is_room_again(on_small_disk, disk, report):
    """MISCONF, on every command."""
    pair = Pair(on_small_disk)
    report(**pair.suffer(lambda: fill(disk), lambda: (disk / "ballast").unlink()))
    pair.judge_logs()


@pytest.mark.parametrize("on_small_disk", ["always"], indirect=True)
def test_a_redis_that_ends_for_a_full_disk_is_served_again_after_its_restart(on_small_disk, disk, report):
    """With appendfsync always Redis exits rather than break its word."""
    pair = Pair(on_small_disk)
    server = on_small_disk.redis

    def mend():
        (disk / "ballast").unlink()
        server.process.wait_exit()
        server.start()
    report(**pair.suffer(lambda: fill(disk), mend))
    pair.judge_logs()


def fill_another_stream(redis, count):
    """Entries as ingest writes them, where no worker takes them."""
    pipe = redis.client.pipeline(transaction=False)
    body = samples.user("ballast", unsafe_metadata={"padding": "x" * 1500})
    for n in range(count):
        pipe.xadd("ballast:events", {"id": f"msg_b{n}", "type": "user.created", "ts": 1790000000, "received": 1, "body": body})
        if n % 1000 == 999:
            pipe.execute()


def is_loading(redis):
    try:
        redis.client.ping()
    except redis_py.BusyLoadingError:
        return True
    except redis_py.RedisError:
        pass
    return False


def test_a_redis_that_is_loading_is_waited_for(stack, redis, report):
    """LOADING: Redis reads its file after a start, and refuses everybody meanwhile."""
    pair = Pair(stack)
    fill_another_stream(redis, LOADING_ENTRIES)
    moments = []

    def start():
        redis.stop()
        redis.process.argv += [str(o) for o in SLOW_LOADING]
        redis.process.start()
        wait.until(lambda: is_loading(redis), 10, "LOADING")
        moments.append(time.monotonic())

    def end():
        assert is_loading(redis), "loaded too soon to tell anything"
        wait.until(redis.answers, LOADED_S, "the file to be loaded")
        moments.append(time.monotonic())
    figures = pair.suffer(start, end, hold_s=1.0)
    report(entries=LOADING_ENTRIES, loading_s=round(moments[1] - moments[0], 1), **figures)
    pair.judge_logs()


def test_a_worker_that_starts_while_redis_is_full_makes_room(stack, redis):
    """Redis allows reading and deleting when it is full, but not the group's creation."""
    front = stack.ingest()
    stack.worker().stop()  # the group exists
    front.deliver([(f"msg_{n}", samples.user(n)) for n in range(20)])
    redis.client.config_set("maxmemory", "1mb")
    assert front.post(samples.user("late")).status == 503
    stack.worker()
    redis.wait_drained(10)
    assert stack.database.count("users") == 20


def test_a_stream_that_is_another_kind_of_key_is_refused_and_left_alone(stack, redis, report):
    """WRONGTYPE: somebody else uses our key. A person has to decide; until then 503."""
    pair = Pair(stack)

    def start():
        redis.wait_drained()
        redis.client.delete(STREAM)
        redis.client.set(STREAM, "mine")

    def end():
        assert redis.client.get(STREAM) == b"mine"
        redis.client.delete(STREAM)
    pair.visitors = None
    with pair.visited() as visitors:
        visitors.pause()
        start()
        visitors.go_on()
        began = visitors.visits[-1].at + 0.001
        visitors.wait_for(503, began, 10)
        visitors.pause()
        end()
        visitors.go_on()
        report(cured_s=round(visitors.wait_for(200, visitors.visits[-1].at + 0.001, 10), 2))
    pair.judge_answers()
    redis.wait_drained()
    assert not visitors.kept() - pair.ledger()
