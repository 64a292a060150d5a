"""P17: limits hold before anything is buffered beyond them."""
import socket
import threading
import time

import pytest

from bench.settings import figure
from bench.watch import Idleness, rss_mb
from harness import samples, signing, wait, wire
from harness.stack import PATH

LIMIT = 1024 * 1024
SLACK_MB = figure(60, 25)  # the program's own business; in the short form AddressSanitizer's, too
LEAN = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=4"}
BLOCK = b"x" * 65536


@pytest.fixture
def ingest(stack):
    return stack.ingest(REQUEST_DEADLINE_MS=4000, **LEAN)


class Pusher(threading.Thread):
    """Sends a beginning, then block upon block up to most bytes, whatever the server thinks; keeps the answer's beginning."""

    def __init__(self, port, beginning, block, most):
        super().__init__(daemon=True)
        self.port, self.beginning, self.block, self.most = port, beginning, block, most
        self.sent, self.answer = 0, b""
        self.start()

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as s:
            try:
                s.sendall(self.beginning)
                while self.sent < self.most:
                    self.sent += s.send(self.block)
            except OSError:
                pass
            try:
                self.answer = s.recv(4096)
            except OSError:
                pass


def head(*extra):
    return wire.request(PATH, signing.headers(b"x"), b"", extra=extra)


ENDLESS = {
    "header lines": (f"POST {PATH} HTTP/1.1\r\n".encode(), b"X-More: " + b"y" * 1000 + b"\r\n"),
    "one header line": (f"POST {PATH} HTTP/1.1\r\nX-More: ".encode(), BLOCK),
    "a request line": (b"POST /", BLOCK),
    "a chunk-size line": (head("Transfer-Encoding: chunked"), b"0" * 65536),
    "a chunk extension": (head("Transfer-Encoding: chunked") + b"1;", BLOCK),
    "blank lines between chunks": (head("Transfer-Encoding: chunked"), b"\r\n" * 30000),
    "one chunk": (head("Transfer-Encoding: chunked") + b"7fffffff\r\n", BLOCK),
    "small chunks": (head("Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 10000),
    "a trailer": (head("Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\n", b"X-More: " + b"y" * 1000 + b"\r\n"),
    "a body beyond its announced gigabyte": (head("Content-Length: 1073741824"), BLOCK),
    "a body of 10^20": (head("Content-Length: 100000000000000000000"), BLOCK),
    "requests on one connection": (b"", wire.request("/nowhere", {}, b"") * 500),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_cut_and_not_kept(ingest, redis, report, name):
    """Ten clients at once push up to 20 MB each."""
    beginning, block = ENDLESS[name]
    before, idle = rss_mb(ingest.pid), Idleness(ingest)
    pushers = [Pusher(ingest.port, beginning, block, 20_000_000) for _ in range(10)]
    most = before
    until = time.monotonic() + 15
    while any(p.is_alive() for p in pushers) and time.monotonic() < until:
        most = max(most, rss_mb(ingest.pid))
        time.sleep(0.02)
    report(grown_mb=round(most - before, 1), sent_mb=round(sum(p.sent for p in pushers) / 1e6, 1), share=round(idle.share(), 2),
           answers=sorted({p.answer[9:12].decode() for p in pushers}))
    assert not any(p.is_alive() for p in pushers), "still reading"
    assert most - before < 2 * 10 * LIMIT / 1e6 + SLACK_MB
    assert all(p.answer[9:12] in (b"", b"400", b"404", b"408", b"413") for p in pushers)
    assert redis.backlog() == 0
    assert ingest.post(samples.user(1)).status == 200


def test_a_body_at_the_limit_passes_and_one_byte_more_is_413(stack, redis):
    front = stack.ingest(BODY_LIMIT=LIMIT)
    edge = samples.user(1, unsafe_metadata={"x": ""})
    body = samples.user(1, unsafe_metadata={"x": "y" * (LIMIT - len(edge))})
    assert len(body) == LIMIT and front.post(body).status == 200
    assert front.post(body + b" ").status == 413
    assert redis.backlog() == 1


@pytest.mark.parametrize("field", ["Svix-Signature", "Svix-Id", "X-Other"])
def test_heads_of_eight_kilobytes_pass_and_of_eighty_do_not(ingest, field):
    """A signature header may carry many versions; it is looked through in one go."""
    body = samples.user(1)
    headers = signing.headers(body)
    for size, statuses in ((8000, (200, 400)), (80000, (400,))):
        value = ("v1," + "A" * 44 + " ") * (size // 48)
        extra = [f"{field}: {value}", f"Content-Length: {len(body)}"]
        kept = {k: v for k, v in headers.items() if k != field.lower()}
        answer = ingest.raw(wire.request(PATH, kept, body, extra=extra))
        assert answer is None and 400 in statuses or answer.status in statuses, (size, answer and answer.status)
    wait.until(lambda: ingest.metric("clerk_ingest_in_flight") == 0, 5)
