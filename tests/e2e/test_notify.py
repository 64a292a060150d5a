"""What the service manager hears: ready, signs of life in good and bad times, stopping."""
import fcntl
import socket

import pytest

from harness import wait

WATCHDOG_S = 1.0


class Manager:
    """The socket that systemd would listen on, and the environment it would give."""

    def __init__(self, name, bound_to):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind(bound_to)
        self.env = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": int(WATCHDOG_S * 1e6)}
        self.heard = []

    def count(self, message):
        while True:
            try:
                self.heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self.heard.count(message)

    def wait_for(self, message, more=1, timeout_s=20):
        enough = self.count(message) + more
        wait.until(lambda: self.count(message) >= enough, timeout_s, f"{more} more {message}")


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    if request.param == "path":
        made = Manager(str(tmp_path / "notify"), str(tmp_path / "notify"))
    else:
        made = Manager(f"@clerk{tmp_path}", f"\0clerk{tmp_path}")
    yield made
    made.socket.close()


def check_life(manager, program):
    manager.wait_for("WATCHDOG=1", more=3)
    assert manager.heard[0] == "READY=1" and manager.count("READY=1") == 1
    assert manager.count("STOPPING=1") == 0
    program.stop()
    assert manager.count("STOPPING=1") == 1
    assert set(manager.heard) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}


def test_ingest_tells_how_it_is(stack, manager):
    check_life(manager, stack.ingest(**manager.env))


def test_a_worker_tells_how_it_is(stack, manager):
    check_life(manager, stack.worker(**manager.env))


def test_an_outage_of_redis_is_no_reason_to_restart_a_worker_or_ingest(own_redis, own_stack, tmp_path):
    managers = [Manager(f"@clerk{tmp_path}{n}", f"\0clerk{tmp_path}{n}") for n in range(2)]
    own_stack.worker(**managers[0].env)
    own_stack.ingest(**managers[1].env)
    own_redis.stop()
    for manager in managers:
        manager.wait_for("WATCHDOG=1", more=3)
    own_redis.start()


def test_a_worker_is_not_ready_before_its_database_is_open(stack, manager):
    with open(f"{stack.database.path}.lock", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        worker = stack.worker(ready=False, **manager.env)
        wait.until(lambda: worker.get("/livez")[0] == 200, what="the worker to live")
        assert manager.count("READY=1") == 0
    manager.wait_for("READY=1")


def test_without_a_manager_nothing_is_missing(stack):
    program = stack.ingest(NOTIFY_SOCKET="/nonexistent/notify", WATCHDOG_USEC="1000000")
    assert program.post(b"{}").status == 200
