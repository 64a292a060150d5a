"""Requests that two programs could cut in two ways: 400, the connection closes, nothing hidden inside is executed."""
import contextlib
import pytest

from harness import samples, signing, wire
from harness.stack import PATH

BODY = samples.user(1)


def smuggled():
    """A complete, correctly signed second request."""
    body = samples.user(2)
    return wire.request(PATH, signing.headers(body, svix_id="msg_smuggled"), body)


def chunked(body, line=b"%x"):
    return (line % len(body)) + b"\r\n" + body + b"\r\n0\r\n\r\n"


def refused(ingest, redis, data):
    """At most one answer, a 4xx; then the end of the connection; nothing in the stream."""
    with wire.Connection(ingest.port) as c:
        c.send(data)
        answer = c.answer()
        assert answer is None or 400 <= answer.status < 500, answer.status
        assert c.closed(), "the connection stayed open or answered twice"
    assert redis.backlog() == 0
    return answer


AMBIGUOUS_LENGTHS = {
    "two different lengths": ["Content-Length: {n}", "Content-Length: 0"],
    "two different lengths, smaller first": ["Content-Length: 0", "Content-Length: {n}"],
    "the same length twice": ["Content-Length: {n}", "Content-Length: {n}"],
    "a sign": ["Content-Length: +{n}"],
    "a negative length": ["Content-Length: -1"],
    "hexadecimal": ["Content-Length: 0x10"],
    "a list": ["Content-Length: {n}, {n}"],
    "a space inside": ["Content-Length: 1 0"],
    "empty": ["Content-Length: "],
    "letters": ["Content-Length: {n}abc"],
    "twenty digits": ["Content-Length: 18446744073709551617"],
    "a space before the colon": ["Content-Length : {n}"],
    "length and chunked": ["Content-Length: {n}", "Transfer-Encoding: chunked"],
    "chunked and length": ["Transfer-Encoding: chunked", "Content-Length: {n}"],
}


@pytest.mark.parametrize("lines", AMBIGUOUS_LENGTHS.values(), ids=AMBIGUOUS_LENGTHS)
def test_an_ambiguous_length_is_refused(ingest, redis, lines):
    extra = [line.format(n=len(BODY)) for line in lines]
    refused(ingest, redis, wire.request(PATH, signing.headers(BODY), BODY, extra=extra) + smuggled())


ENCODINGS = ["gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "xchunked", "chunked;q=1", "\"chunked\"",
             "chunked\x0b"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_transfer_encoding_but_plain_chunked_is_refused(ingest, redis, encoding):
    head = wire.request(PATH, signing.headers(BODY), b"", extra=[f"Transfer-Encoding: {encoding}"])
    refused(ingest, redis, head + chunked(BODY) + smuggled())


def test_two_transfer_encodings_are_refused(ingest, redis):
    lines = ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]
    refused(ingest, redis, wire.request(PATH, signing.headers(BODY), b"", extra=lines) + chunked(BODY) + smuggled())


def test_a_space_before_the_colon_of_transfer_encoding_is_refused(ingest, redis):
    head = wire.request(PATH, signing.headers(BODY), b"", extra=["Transfer-Encoding : chunked"])
    refused(ingest, redis, head + chunked(BODY) + smuggled())


def test_a_length_hides_no_second_request(ingest, redis):
    """The smuggled request lies inside the announced body: it is body, the signature does not match, nothing runs."""
    inner = smuggled()
    data = wire.request(PATH, signing.headers(BODY), BODY + inner)
    answer = ingest.raw(data)
    assert answer.status == 400 and redis.backlog() == 0


def test_plain_chunked_is_accepted(ingest, redis):
    head = wire.request(PATH, signing.headers(BODY), b"", extra=["Transfer-Encoding: chunked"])
    assert ingest.raw(head + chunked(BODY)).status == 200
    assert redis.backlog() == 1


def test_a_signature_in_a_trailer_does_not_count(ingest, redis):
    headers = signing.headers(BODY)
    late = headers.pop("svix-signature")
    head = wire.request(PATH, headers, b"", extra=["Transfer-Encoding: chunked"])
    tail = b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\nsvix-signature: " + late.encode() + b"\r\n\r\n"
    answer = ingest.raw(head + tail)
    assert answer is None or answer.status == 400
    assert redis.backlog() == 0


def test_a_nul_in_a_header_value_makes_nothing_of_it_pass(ingest, redis):
    headers = signing.headers(BODY)
    headers["svix-id"] = "msg_a\0b"
    answer = ingest.raw(wire.request(PATH, headers, BODY))
    assert answer is None or answer.status == 400
    assert redis.backlog() == 0


def test_a_folded_header_makes_nothing_of_it_pass(ingest, redis):
    headers = signing.headers(BODY)
    headers["svix-signature"] = "v1,AAAA\r\n " + headers["svix-signature"]
    answer = ingest.raw(wire.request(PATH, headers, BODY))
    assert answer is None or answer.status in (200, 400)  # an unfolded list is a list; never a crash
    assert redis.backlog() == (1 if answer and answer.status == 200 else 0)


def test_a_tab_after_the_colon_is_white_space(ingest, redis):
    lines = [f"{k}:\t{v}" for k, v in signing.headers(BODY).items()]
    answer = ingest.raw(wire.request(PATH, {}, BODY, extra=[*lines, f"Content-Length: {len(BODY)}"]))
    assert answer.status == 200


def test_header_names_are_case_insensitive_as_svix_sends_them(ingest):
    headers = {k.title(): v for k, v in signing.headers(BODY).items()}
    assert ingest.post(BODY, headers).status == 200


def test_two_requests_on_one_connection_are_two_deliveries_or_a_clean_close(ingest, redis):
    with wire.Connection(ingest.port) as c:
        c.send(wire.request(PATH, signing.headers(BODY), BODY))
        first = c.answer()
        assert first.status == 200
        if first.headers.get("connection", "").lower() == "close":
            assert c.closed()
            return
        c.send(wire.request(PATH, signing.headers(BODY), BODY))
        assert c.answer().status == 200
    assert redis.backlog() == 2


GARBAGE = [b"\r\n\r\n", b"GET\r\n\r\n", b"\0" * 2000, b"POST / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
           b"POST " + b"/" * 20000 + b" HTTP/1.1\r\n\r\n", b"POST /api/webhooks HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
           b"BREW /api/webhooks HTTP/1.1\r\nHost: x\r\n\r\n"]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_stores_nothing_and_kills_nothing(ingest, redis, data):
    with wire.Connection(ingest.port, timeout_s=3) as c:
        try:
            c.send(data)
            with contextlib.suppress(OSError):  # ingest has hung up already
                c.socket.shutdown(1)
            answer = c.answer()
            assert answer is None or answer.status >= 400
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert redis.backlog() == 0
    assert ingest.post(BODY).status == 200


def test_a_client_that_leaves_in_the_middle_harms_nobody(ingest, redis):
    whole = wire.request(PATH, signing.headers(BODY), BODY)
    for cut in (10, len(whole) // 2, len(whole) - 1):
        with wire.Connection(ingest.port) as c:
            c.send(whole[:cut])
    assert ingest.post(BODY).status == 200
    assert redis.backlog() == 1


def test_a_dripping_client_is_cut_at_the_deadline(stack, redis):
    mine = stack.ingest(REQUEST_DEADLINE_MS=1000)
    with wire.Connection(mine.port) as c:
        c.send(wire.request(PATH, signing.headers(BODY), BODY)[:-5])
        c.answer()  # an error or nothing
        assert c.closed()
    assert redis.backlog() == 0
    assert mine.post(BODY).status == 200
