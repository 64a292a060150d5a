"""Bounds and endings: what happens at a limit, and to those who are being served when the program ends."""
import signal
import socket
import threading

import pytest

from harness import samples, signing, wait, wire
from harness.process import free_port
from harness.stack import PATH

BODY = samples.user(1)


class Later(threading.Thread):
    """Posts in the background; answer is there after join()."""

    def __init__(self, ingest, **sign):
        super().__init__()
        self.ingest, self.sign, self.answer = ingest, sign, None
        self.start()

    def run(self):
        self.answer = self.ingest.post(BODY, **self.sign)

    def result(self):
        self.join(30)
        return self.answer


@pytest.fixture
def stalled(own_stack, own_redis):
    """An ingest whose Redis takes commands but answers none."""
    mine = own_stack.ingest()
    own_redis.process.signal(signal.SIGSTOP)
    yield mine
    own_redis.process.signal(signal.SIGCONT)


def in_flight(ingest):
    return ingest.metric("clerk_ingest_in_flight")


def test_sigterm_answers_everybody_who_is_being_served(stalled):
    waiting = [Later(stalled) for _ in range(5)]
    wait.until(lambda: in_flight(stalled) == 5, 10, "five requests under way")
    stalled.signal(signal.SIGTERM)
    assert [w.result().status for w in waiting] == [503] * 5
    assert stalled.wait_exit() == 0


def test_a_second_sigterm_does_not_wait(stalled):
    waiting = Later(stalled)
    wait.until(lambda: in_flight(stalled) == 1, 10, "a request under way")
    stalled.signal(signal.SIGTERM)
    wait.until(lambda: "drain" in stalled.log() or not stalled.alive(), 10, "the drain to begin")
    stalled.signal(signal.SIGTERM)
    stalled.wait_exit(1.5)
    waiting.join(10)


def test_no_new_connection_is_taken_while_draining(stalled):
    waiting = Later(stalled)
    wait.until(lambda: in_flight(stalled) == 1, 10, "a request under way")
    stalled.signal(signal.SIGTERM)

    def refused():
        try:
            wire.Connection(stalled.port, timeout_s=1).socket.close()
            return False
        except OSError:
            return True
    wait.until(refused, 5, "the door to be closed")
    assert waiting.result().status == 503
    assert stalled.wait_exit() == 0


def test_more_in_flight_than_allowed_is_503_at_once(own_stack, own_redis):
    mine = own_stack.ingest(MAX_IN_FLIGHT=1)
    own_redis.process.signal(signal.SIGSTOP)
    try:
        first = Later(mine)
        wait.until(lambda: in_flight(mine) == 1, 10, "a request under way")
        answer = mine.post(BODY)
        assert answer.status == 503 and first.is_alive(), "the second was refused before the first was given up"
    finally:
        own_redis.process.signal(signal.SIGCONT)
    assert first.result().status in (200, 503)


def test_connections_over_the_cap_wait_for_their_turn(stack):
    mine = stack.ingest(MAX_CONNECTIONS=2)
    held = [wire.Connection(mine.port) for _ in range(2)]
    for connection in held:
        connection.send(b"POST ")
    waiting = Later(mine)
    assert waiting.is_alive()
    for connection in held:
        connection.socket.close()
    assert waiting.result().status == 200


def keep_alive(ingest, times):
    """Connections that have been answered and stay open."""
    held = [wire.Connection(ingest.port) for _ in range(times)]
    for connection in held:
        connection.send(wire.request(PATH, signing.headers(BODY), BODY))
        assert connection.answer().status == 200
    return held


def test_at_the_cap_the_longest_idle_connection_makes_room_for_a_new_client(stack):
    mine = stack.ingest(MAX_CONNECTIONS=3, REQUEST_DEADLINE_MS=60000)
    oldest, *others = keep_alive(mine, 3)
    assert mine.post(BODY).status == 200
    assert oldest.closed()
    for connection in others:
        connection.send(wire.request(PATH, signing.headers(BODY), BODY))
        assert connection.answer().status == 200
    assert mine.metric("clerk_ingest_connections_displaced_total") == 1
    assert mine.metric("clerk_ingest_connections_cut_total") == 0


def test_at_the_cap_a_crowd_of_new_clients_takes_the_places_of_the_idle_ones(stack):
    mine = stack.ingest(MAX_CONNECTIONS=10, REQUEST_DEADLINE_MS=60000)
    held = keep_alive(mine, 10)
    crowd = [Later(mine) for _ in range(30)]
    assert [c.result().status for c in crowd] == [200] * 30
    assert all(connection.closed() for connection in held)


def test_at_the_cap_a_connection_within_its_request_is_never_closed_for_a_new_one(stack):
    mine = stack.ingest(MAX_CONNECTIONS=2, REQUEST_DEADLINE_MS=60000)
    [idle] = keep_alive(mine, 1)
    request = wire.request(PATH, signing.headers(BODY), BODY)
    with wire.Connection(mine.port) as slow:
        slow.send(request[:-1])
        assert [mine.post(BODY).status for _ in range(3)] == [200] * 3
        assert idle.closed()
        slow.send(request[-1:])
        assert slow.answer().status == 200


def test_at_the_cap_a_client_that_was_told_to_go_on_with_its_body_is_within_its_request(stack):
    mine = stack.ingest(MAX_CONNECTIONS=2, REQUEST_DEADLINE_MS=60000)
    request = wire.request(PATH, signing.headers(BODY), BODY, extra=["Expect: 100-continue", f"Content-Length: {len(BODY)}"])
    with wire.Connection(mine.port) as slow:
        slow.send(request[:-len(BODY)])
        assert slow.answer().status == 100
        [idle] = keep_alive(mine, 1)
        assert mine.post(BODY).status == 200
        assert idle.closed()
        slow.send(BODY)
        assert slow.answer().status == 200


def test_at_the_cap_clients_that_never_say_a_word_make_room_too(stack):
    mine = stack.ingest(MAX_CONNECTIONS=2, REQUEST_DEADLINE_MS=60000)
    silent = [wire.Connection(mine.port) for _ in range(2)]
    assert mine.post(BODY).status == 200
    assert silent[0].closed()


def test_five_hundred_idle_connections_disturb_nobody(ingest, redis):
    held = [wire.Connection(ingest.port) for _ in range(500)]
    assert ingest.post(BODY).status == 200
    for connection in held:
        connection.socket.close()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_an_ipv6_address_can_be_listened_on(stack):
    port = free_port()
    mine = stack.ingest(INGEST_LISTEN=f"[::1]:{port}")
    with socket.create_connection(("::1", port), timeout=10) as s:
        s.sendall(wire.request(PATH, signing.headers(BODY), BODY))
        assert s.recv(1000).startswith(b"HTTP/1.1 200")
    assert mine.alive()


def test_two_ingests_share_one_port(stack, redis):
    first = stack.ingest()
    second = stack.ingest(INGEST_LISTEN=f"127.0.0.1:{first.port}")
    for _ in range(20):
        assert first.post(BODY).status == 200
    assert redis.backlog() == 20
    assert first.stop() == 0
    for _ in range(5):
        assert first.post(BODY).status == 200
    assert second.alive()


def test_redis_with_a_password_and_a_database_number(own_stack, own_redis):
    own_redis.client.config_set("requirepass", "s3cret!")
    url = f"redis://:s3cret%21@127.0.0.1:{own_redis.port}/5"
    front, back = own_stack.ingest(REDIS_URL=url), own_stack.worker(REDIS_URL=url)
    front.deliver([("msg_1", BODY)])
    wait.until(lambda: own_stack.database.outcome("msg_1") == "applied", 20, "the event to be applied")
    assert "s3cret" not in front.log() + back.log()


def test_a_wrong_redis_password_is_not_ready_and_says_so_without_it(own_stack, own_redis):
    own_redis.client.config_set("requirepass", "right")
    url = f"redis://:wr0ngpass@127.0.0.1:{own_redis.port}/0"
    front, back = own_stack.ingest(ready=False, REDIS_URL=url), own_stack.worker(ready=False, REDIS_URL=url)
    for program in (front, back):
        wait.until(lambda program=program: program.get("/readyz")[0] == 503 or not program.alive(), 20, "not ready")
        assert "wr0ngpass" not in program.log()
    assert front.post(BODY).status == 503
    if not back.alive():
        assert back.wait_exit() not in (0, 99)


def test_a_unix_socket_leads_to_redis_too(own_stack, own_redis, tmp_path):
    path = tmp_path / "redis.sock"
    own_redis.stop()
    own_redis.options = ("--unixsocket", str(path))
    own_redis.start()
    front, back = own_stack.ingest(REDIS_URL=f"unix://{path}"), own_stack.worker(REDIS_URL=f"unix://{path}")
    front.deliver([("msg_1", BODY)])
    wait.until(lambda: own_stack.database.outcome("msg_1") == "applied", 20, "the event to be applied")
    assert back.alive()


def test_a_client_that_has_nothing_more_to_send_gets_its_answer(stalled, own_redis):
    with wire.Connection(stalled.port) as c:
        c.send(wire.request(PATH, signing.headers(BODY), BODY))
        c.socket.shutdown(socket.SHUT_WR)
        wait.until(lambda: in_flight(stalled) == 1, 10, "a request under way")
        own_redis.process.signal(signal.SIGCONT)
        assert c.answer().status == 200


def test_what_is_sent_while_a_request_waits_is_answered_after_it(stalled, own_redis):
    with wire.Connection(stalled.port) as c:
        c.send(wire.request(PATH, signing.headers(BODY), BODY))
        wait.until(lambda: in_flight(stalled) == 1, 10, "a request under way")
        c.send(wire.request("/elsewhere", signing.headers(BODY), BODY))
        own_redis.process.signal(signal.SIGCONT)
        assert [c.answer().status, c.answer().status] == [200, 404]


def test_a_client_that_leaves_while_its_request_waits_harms_nobody(stalled, own_redis):
    for _ in range(3):
        with wire.Connection(stalled.port) as c:
            c.send(wire.request(PATH, signing.headers(BODY), BODY))
    wait.until(lambda: in_flight(stalled) == 3, 10, "three requests under way")
    own_redis.process.signal(signal.SIGCONT)
    wait.until(lambda: in_flight(stalled) == 0, 10, "their ends")
    assert own_redis.backlog() == 3
    assert stalled.post(BODY).status == 200
    wait.until(lambda: stalled.metric("clerk_ingest_connections") == 0, 10, "their connections to be gone")
