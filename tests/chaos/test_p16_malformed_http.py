"""P16: whatever bytes come in, nothing crashes, nothing hidden is executed, no memory is lost. What each trick must be answered
is in tests/e2e/test_framing.py; here they come in masses, cut, mixed and repeated, to one process under the sanitizers."""
import socket

import pytest

from bench.settings import figure
from bench.watch import descriptors, rss_mb
from harness import samples, signing, wire
from harness.stack import PATH

ROUNDS = figure(1500, 200000)
LEAN = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99:quarantine_size_mb=4"}
BODY = samples.user("tricked")


def lines(*extra, body=b"", headers=None):
    return wire.request(PATH, signing.headers(BODY) if headers is None else headers, body, extra=extra)


def hidden():
    """A complete signed delivery; were it executed, it would lie in the stream."""
    body = samples.user("hidden")
    return wire.request(PATH, signing.headers(body, svix_id="msg_hidden"), body)


def chunk(size, body):
    return size + b"\r\n" + body + b"\r\n0\r\n\r\n"


N = len(BODY)
HEX = b"%x" % N
CHUNKED = "Transfer-Encoding: chunked"
TRICKS = {
    "smuggled after two lengths": lambda: lines(f"Content-Length: {N}", "Content-Length: 0", body=BODY) + hidden(),
    "smuggled after length and chunked": lambda: lines(CHUNKED, "Content-Length: 4", body=b"0\r\n\r\n") + hidden(),
    "smuggled after chunked and length": lambda: lines("Content-Length: 4", CHUNKED, body=b"0\r\n\r\n") + hidden(),
    "smuggled after an unknown encoding": lambda: lines("Transfer-Encoding: gzip", body=BODY) + hidden(),
    "smuggled after a spaced colon": lambda: lines("Content-Length : 0", body=b"") + hidden(),
    "smuggled after a spaced chunked": lambda: lines("Transfer-Encoding : chunked", body=b"0\r\n\r\n") + hidden(),
    "smuggled after a folded length": lambda: lines("Content-Length:\r\n 0", body=b"") + hidden(),
    "smuggled after a hexadecimal length": lambda: lines("Content-Length: 0x0", body=b"") + hidden(),
    "smuggled after a signed length": lambda: lines("Content-Length: +0", body=b"") + hidden(),
    "smuggled after a length with NUL": lambda: lines("Content-Length: 0\0 99", body=b"") + hidden(),
    "smuggled after a bare CR": lambda: lines("X: y\rContent-Length: 0", f"Content-Length: {N}", body=BODY[:1]) + hidden(),
    "smuggled in a trailer": lambda: lines(CHUNKED, body=HEX + b"\r\n" + BODY + b"\r\n0\r\nX: y\r\n" + hidden()),
    "chunk size with 0x": lambda: lines(CHUNKED, body=chunk(b"0x" + HEX, BODY)) + hidden(),
    "chunk size with a sign": lambda: lines(CHUNKED, body=chunk(b"+" + HEX, BODY)) + hidden(),
    "negative chunk size": lambda: lines(CHUNKED, body=chunk(b"-1", BODY)) + hidden(),
    "chunk size beyond 64 bits": lambda: lines(CHUNKED, body=chunk(b"1" + b"0" * 20, BODY)) + hidden(),
    "chunk extension": lambda: lines(CHUNKED, body=chunk(HEX + b";name=v", BODY)),
    "chunk shorter than it says": lambda: lines(CHUNKED, body=chunk(HEX, BODY[:-9])) + hidden(),
    "chunk longer than it says": lambda: lines(CHUNKED, body=chunk(b"1", BODY)) + hidden(),
    "blank lines between chunks": lambda: lines(CHUNKED, body=b"\r\n" * 5000 + chunk(HEX, BODY)),
    "signature in a trailer": lambda: lines(CHUNKED, headers={}, body=HEX + b"\r\n" + BODY + b"\r\n0\r\n" + b"".join(
        f"{k}: {v}\r\n".encode() for k, v in signing.headers(BODY).items()) + b"\r\n"),
    "HTTP/1.9": lambda: lines(body=BODY).replace(b"HTTP/1.1", b"HTTP/1.9"),
    "HTTP/0.9": lambda: f"POST {PATH}\r\n\r\n".encode() + hidden(),
    "no host": lambda: lines(body=BODY).replace(b"Host: localhost\r\n", b""),
    "bare line feeds": lambda: lines(body=BODY).replace(b"\r\n", b"\n"),
    "a path with NUL": lambda: lines(body=BODY).replace(PATH.encode(), PATH.encode() + b"%00x"),
    "an absolute path": lambda: lines(body=BODY).replace(PATH.encode(), b"http://other.example" + PATH.encode()),
    "an encoded slash": lambda: lines(body=BODY).replace(PATH.encode(), PATH.replace("/", "%2F").encode()),
    "expects the unknown": lambda: lines("Expect: the-unknown", body=BODY),
    "expects to go on": lambda: lines("Expect: 100-continue", body=BODY),
    "upgrade": lambda: lines("Connection: Upgrade", "Upgrade: h2c", body=BODY),
    "the preface of HTTP/2": lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 64,
    "a TLS hello": lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    "three thousand headers": lambda: lines(*[f"X{i}: y" for i in range(3000)], body=BODY),
    "a header without a name": lambda: lines(": value", body=BODY),
    "a header without a colon": lambda: lines("no colon here", body=BODY),
    "a repeated signature": lambda: lines("Svix-Signature: v1,AAAA", body=BODY),
    "both families": lambda: lines("Webhook-Id: msg_other", body=BODY),
    "a method with 5,000 letters": lambda: b"X" * 5000 + lines(body=BODY),
}


def throw(port, data, shut=True, wait_s=0.4):
    """Sends and reads until the end or a moment of silence; what the server then does is not of interest. The answer's bytes."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.settimeout(wait_s)
        try:
            s.sendall(data)
            if shut:
                s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                got += part
        except OSError:
            pass
    return got


@pytest.fixture
def ingest(stack):
    return stack.ingest(REQUEST_DEADLINE_MS=2000, **LEAN)


def stored(redis):
    return [fields[b"id"].decode() for _, fields in redis.client.xrange("clerk:events")]


@pytest.mark.parametrize("shut", [True, False], ids=["half-closed", "left open"])
def test_no_trick_gets_a_hidden_request_executed(ingest, redis, shut):
    """Unless what came before it was whole: a signature that fits proves where a request ends."""
    for name, make in TRICKS.items():
        redis.empty()
        throw(ingest.port, make(), shut)
        assert ingest.alive(), f"{name} ended the program:\n{ingest.log()[-3000:]}"
        assert stored(redis)[:1] != ["msg_hidden"], name
    assert ingest.post(BODY).status == 200


def test_no_trick_is_answered_twice_unless_it_is_two_plain_requests(ingest):
    for name, make in TRICKS.items():
        answers = throw(ingest.port, make()).count(b"HTTP/1.1 200 ")
        assert answers <= 1, f"{name}: {answers} times 200"


def mutate(dice, data):
    """Cuts, doubles, swaps and flips."""
    data = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        at, length = dice.randrange(len(data) + 1), dice.randrange(1, 40)
        kind = dice.randrange(5)
        if kind == 0:
            del data[at:at + length]
        elif kind == 1:
            data[at:at] = data[at:at + length]
        elif kind == 2:
            data[at:at] = dice.choice([b"\r\n", b"\0", b"\r", b"\n", b" ", b"\t", b":", b"\xff", b"0\r\n\r\n", b"%00", b"chunked"])
        elif kind == 3 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        else:
            other = dice.choice(list(TRICKS.values()))()
            data[at:at + length] = other[dice.randrange(len(other)):][:200]
    return bytes(data)


def test_mutated_tricks_neither_crash_nor_leak(ingest, redis, dice, report):
    """Every signed body is either whole and stored under its own id, or not stored."""
    names = list(TRICKS)
    for _ in range(100):
        throw(ingest.port, mutate(dice, TRICKS[dice.choice(names)]()), wait_s=0.02)
    before, files = rss_mb(ingest.pid), descriptors(ingest.pid)
    for i in range(ROUNDS):
        throw(ingest.port, mutate(dice, TRICKS[dice.choice(names)]()), wait_s=0.02)
        assert i % 100 or ingest.alive(), ingest.log()[-3000:]
    for _, fields in redis.client.xrange("clerk:events"):
        assert fields[b"body"] in (BODY, samples.user("hidden")), "a body that nobody signed"
    report(requests=ROUNDS, grown_mb=round(rss_mb(ingest.pid) - before, 1), descriptors=descriptors(ingest.pid) - files)
    assert rss_mb(ingest.pid) - before < 30
    assert ingest.post(BODY).status == 200
