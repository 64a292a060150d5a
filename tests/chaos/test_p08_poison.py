"""P8: an event that cannot be applied delays no other: one in a hundred, of every kind, each kept with a reason that a person
understands."""
import json
import time

import pytest

from bench import oracle
from bench.load import Load, ingests, workers
from bench.plan import Plan
from bench.settings import both_databases, figure
from harness import samples, signing, wire

pytestmark = both_databases

EVENTS = figure(2500, 100000)
ONE_IN = 100
HALF = 0.5
ROUNDS = 3


def event(data, **envelope):
    return json.dumps({"data": data, "object": "event", "type": "user.created", "timestamp": 1790000000000, **envelope}).encode()


def user(extra=b"", user_id=b"user_x"):
    """The bytes of a user event with whatever inside."""
    return (b'{"data":{"id":"' + user_id + b'","object":"user"' + extra +
            b'},"object":"event","type":"user.created","timestamp":1790000000000}')


POISON = {
    "an escaped NUL in the id": user(user_id=b"user_a\\u0000b"),
    "a raw NUL in the id": user(user_id=b"user_a\0b"),
    "invalid UTF-8 in the id": user(user_id=b"user_\xff\xfe"),
    "invalid UTF-8 in a column": user(b',"first_name":"\xc3\x28"'),
    "overlong UTF-8": user(b',"first_name":"\xc0\xaf"'),
    "a surrogate in UTF-8": user(b',"first_name":"\xed\xa0\x80"'),
    "a lone surrogate": user(b',"first_name":"\\ud800"'),
    "a raw control character": user(b',"first_name":"a\x01b"'),
    "a number beyond all bounds": user(b',"last_sign_in_at":1e999'),
    "a number with a leading zero": user(b',"last_sign_in_at":01'),
    "NaN": user(b',"last_sign_in_at":NaN'),
    "no id": event({"object": "user"}),
    "an empty id": event({"id": "", "object": "user"}),
    "an id that is a number": event({"id": 7, "object": "user"}),
    "an id that is an object": event({"id": {"a": 1}, "object": "user"}),
    "no data": b'{"object":"event","type":"user.created","timestamp":1790000000000}',
    "data that is a list": event([1, 2, 3]),
    "data that is null": event(None),
    "a time that is a word": event({"id": "user_x", "last_sign_in_at": "yesterday"}),
    "a negative timestamp": event({"id": "user_x"}, timestamp=-5),
    "trailing garbage": user() + b"garbage",
    "two documents": user() + user(),
    "a truncated document": user()[:-3],
    "nesting 1,000": user(b',"x":' + b"[" * 1000 + b"]" * 1000),
    "nesting 1,001": user(b',"x":' + b"[" * 1001 + b"]" * 1001),
    "nesting 100,000": user(b',"x":' + b"[" * 100000 + b"]" * 100000),
    "nesting that never closes": user(b',"x":' + b"[" * 5000),
    "an empty body": b"",
    "a bare word": b"null",
    "a list": b"[]",
}
FINE = {
    "an escaped NUL in metadata": user(b',"unsafe_metadata":{"k":"a\\u0000b"}', b"user_fine1"),
    "an unknown type": event({"id": "thing_fine2", "object": "thing"}, type="thing.invented"),
    "every kind of escape": user(b',"first_name":"\\ud83d\\ude00 \\" \\\\ \\/ \\b\\f\\n\\r\\t \\u00e9"', b"user_fine3"),
    "large numbers": user(b',"unsafe_metadata":{"n":9007199254740993,"f":1.5e308}', b"user_fine4"),
    "nesting 50": user(b',"unsafe_metadata":' + b'{"a":' * 50 + b"1" + b"}" * 50, b"user_fine5"),
    "a timestamp that is a word": event({"id": "user_fine7"}, timestamp="now"),
    "a byte order mark": b"\xef\xbb\xbf" + user(user_id=b"user_fine8"),
    "Svix's test message": b'{"success": true}',
    "a megabyte of metadata": samples.user("fine6", unsafe_metadata={"x": "y" * 1000000}),
}


def letters(stack):
    return {r["svix_id"]: r for r in stack.database.rows("SELECT * FROM dead_letters")}


def text_of(letter):
    body = letter["body"]
    return body if isinstance(body, bytes) else body.encode()


def check_letter(letter, body):
    assert text_of(letter) == body, "kept byte for byte"
    assert letter["attempts"] <= 3 and 8 <= len(letter["reason"]) <= 200, letter["reason"]
    assert letter["reason"].isprintable(), letter["reason"]


def test_every_poison_becomes_a_dead_letter_with_a_reason(stack, redis):
    worker = stack.worker()
    front = stack.ingest()
    named = [(f"msg_bad{n}", body) for n, body in enumerate(POISON.values())]
    front.deliver(named)
    redis.wait_drained()
    found = letters(stack)
    missing = [name for (svix_id, _), name in zip(named, POISON) if svix_id not in found]
    assert not missing, f"not a dead letter: {missing}"
    for svix_id, body in named:
        check_letter(found[svix_id], body)
    assert worker.alive() and stack.database.count("users") == 0


@pytest.mark.parametrize("name", FINE)
def test_what_is_merely_strange_is_applied(stack, redis, name):
    stack.worker()
    stack.ingest().deliver([("msg_fine", FINE[name])])
    redis.wait_drained()
    assert letters(stack) == {}
    assert stack.database.outcome("msg_fine") in ("applied", "ignored")


def test_ten_megabytes_are_413_and_just_below_the_limit_is_applied(stack, redis):
    front = stack.ingest(BODY_LIMIT=10 * 1024 * 1024)
    stack.worker()
    frame = len(samples.user("big", unsafe_metadata={"x": ""}))
    below = samples.user("big", unsafe_metadata={"x": "y" * (10 * 1024 * 1024 - frame - 1)})
    assert front.post(below, svix_id="msg_below").status == 200
    with wire.Connection(front.port) as c:
        above = below + b" " * 100
        c.send(wire.request("/api/webhooks", signing.headers(above), b"", extra=[f"Content-Length: {len(above) + 1000000}"]))
        assert c.answer().status == 413
    redis.wait_drained()
    assert stack.database.outcome("msg_below") == "applied"
    assert len(stack.database.row("users", "user_e2ebig")["unsafe_metadata"]) > 10_000_000


class PoisonedPlan(Plan):
    """Every ONE_IN-th event is poison, all kinds in turn."""

    def poison(self, i):
        return list(POISON.values())[i // ONE_IN % len(POISON)] if i % ONE_IN == 0 else None

    def body(self, i):
        bad = self.poison(i)
        return super().body(i) if bad is None else bad


def test_poison_among_a_load_is_put_aside_and_all_else_applied(stack, redis, report):
    """The way all events come: signed, by two ingests, to two workers."""
    front, back = ingests(stack, 2), workers(stack, 2)
    load = Load(front, count=figure(6000, 200000), rate=figure(1000, 2000), kind=PoisonedPlan)
    planted = {load.plan.svix_id(i): load.plan.poison(i) for i in range(0, load.plan.count, ONE_IN)}
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis, dead=planted)
    found = letters(stack)
    for svix_id, body in planted.items():
        check_letter(found[svix_id], body)
    most = max(letter["attempts"] for letter in found.values())
    assert load.sender.counter("refused") == 0 and all(p.alive() for p in front + back)
    report(verdict, poison=len(planted), kinds=len(POISON), most_attempts=most)


def load(redis, tag, poison):
    """Puts a backlog straight into the stream, as ingest writes it; every ONE_IN-th is poison."""
    bad = list(POISON.values()) if poison else []
    pipe = redis.client.pipeline(transaction=False)
    for n in range(EVENTS):
        body = bad[n // ONE_IN % len(bad)] if bad and n % ONE_IN == 0 else samples.user(f"{tag}{n}", unsafe_metadata={"p": "x" * 800})
        pipe.xadd("clerk:events", {"id": f"msg_{tag}{n}", "type": "user.created", "ts": 1790000000, "received": 1, "body": body})
        if n % 1000 == 999:
            pipe.execute()
    pipe.execute()


def rate(stack, redis, tag, poison):
    load(redis, tag, poison)
    worker = stack.worker(ready=False)
    worker.wait_log("event=started")
    start = time.monotonic()
    redis.wait_drained(figure(60, 600))
    took = time.monotonic() - start
    assert worker.stop() == 0
    return EVENTS / took


def test_one_poison_in_a_hundred_costs_less_than_half_the_rate(stack, redis, report):
    clean, mixed = 0.0, 0.0
    for number in range(ROUNDS):  # the best of each: other work on the machine shall not decide
        clean = max(clean, rate(stack, redis, f"c{number}", poison=False))
        mixed = max(mixed, rate(stack, redis, f"m{number}", poison=True))
    bad = EVENTS // ONE_IN
    report(clean_per_s=round(clean), with_poison_per_s=round(mixed), ratio=round(mixed / clean, 2))
    assert stack.database.count("users") == ROUNDS * (2 * EVENTS - bad), "a good event is missing"
    assert stack.database.count("dead_letters") == ROUNDS * bad
    assert mixed >= HALF * clean
