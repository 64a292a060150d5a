"""Requests that nobody sends in good faith: tricks with their framing, made up, cut, mixed and doubled."""
from harness import samples, signing, wire
from harness.stack import PATH

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


NAMES = ("Content-Length", "content-length", "CONTENT-LENGTH", "Content-length")
ODD_LENGTHS = ("+{n}", "-{n}", "-1", "0x{n:x}", "{n}, {n}", "{n}, 0", "{n} {n}", "1 {n}", "", "{n}a", "{n}.0", "1e2", "{n};", "\"{n}\"",
               "1000000000000000000{n}", "99999999999999999999", "\x0b{n}", "{n}\x0b", "\xb2")
ODD_ENCODINGS = ("gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "xchunked", "chunkedx", "\"chunked\"", "chunked;q=1",
                 "chunked\x0b", "\x0bchunked", "c hunked", ",", "")
FILLERS = ("X-Padding: " + "y" * 900, "Accept: */*", "Content-Type: application/json", "Connection: keep-alive", "Connection: close",
           "X-Empty:", "User-Agent: Svix-Webhooks/1.90", "TE: trailers", "Trailer: svix-id", "X-Forwarded-For: 127.0.0.1")
AMBIGUOUS_ID = "msg_ambiguous"


def framings(dice, length):
    """Header lines that leave more than one way to tell where the body ends."""
    name, plain = dice.choice(NAMES), dice.choice([length, 0, 4, 1])
    odd = dice.choice(ODD_LENGTHS).format(n=plain)
    encoding = dice.choice(ODD_ENCODINGS)
    return dice.choice([
        [f"{name}: {odd}"],
        [f"{name}: {length}", f"{dice.choice(NAMES)}: {plain}"],
        [f"{name}: {plain}", f"{dice.choice(NAMES)}: {odd}"],
        [f"{name} : {length}"],
        [f"{name}: {plain}", CHUNKED],
        [f"{name}: {length}", f"Transfer-Encoding: {encoding}"],
        [f"Transfer-Encoding: {encoding}"],
        [CHUNKED, f"transfer-encoding: {encoding}"],
        [CHUNKED, CHUNKED],
    ])


def ambiguous(dice):
    """One signed delivery that is framed so, with another one behind or inside. Both bear AMBIGUOUS_ID; neither may be stored."""
    body = dice.choice([BODY, chunk(HEX, BODY), b"0\r\n\r\n", BODY[:4], b""])
    extra = framings(dice, len(body)) + dice.sample(FILLERS, dice.randrange(5))
    dice.shuffle(extra)
    inner = samples.user("hidden")
    outer = lines(*extra, body=body, headers=signing.headers(BODY, svix_id=AMBIGUOUS_ID))
    return outer + wire.request(PATH, signing.headers(inner, svix_id=AMBIGUOUS_ID), inner)
