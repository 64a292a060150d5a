"""Each answer of clerk-ingest, and what it means for the stream."""
import json
import signal

import pytest

from harness import samples, signing, wait, wire
from harness.redis_server import STREAM
from harness.stack import PATH

BODY = samples.user(1)


def error(answer):
    return json.loads(answer.body)["error"]


def test_a_signed_event_is_answered_200_and_lies_in_the_stream(ingest, redis):
    answer = ingest.post(BODY, svix_id="msg_stored", timestamp=(now := signing.now_s()))
    assert (answer.status, json.loads(answer.body)) == (200, {"received": True})
    [(_, fields)] = redis.client.xrange(STREAM)
    assert list(fields) == [b"id", b"type", b"ts", b"received", b"body"]
    assert fields[b"id"] == b"msg_stored" and fields[b"type"] == b"user.created"
    assert fields[b"ts"] == str(now).encode() and fields[b"body"] == BODY
    assert abs(int(fields[b"received"]) - now * 1000) < 60_000


def test_redis_cli_shows_the_backlog_in_plain_text(ingest, redis):
    assert ingest.post(BODY, svix_id="msg_plain").status == 200
    assert redis.cli("XLEN", STREAM).strip() == "1"
    shown = redis.cli("XRANGE", STREAM, "-", "+", "COUNT", "1")
    assert "msg_plain" in shown and "user.created" in shown and "user_e2e1" in shown


@pytest.mark.parametrize("path", ["/api/webhooks", "/api/webhooks/clerk", "/webhooks/clerk"])
def test_every_default_path_accepts(ingest, path):
    assert ingest.post(BODY, path=path).status == 200


@pytest.mark.parametrize("path", ["/", "/api", "/api/webhooks/", "/api/webhooks%00x", "/api%2Fwebhooks", "/API/webhooks",
                                  "/api/webhooks/clerk/x", "//api/webhooks", "/livez", "/metrics"])
def test_every_other_path_is_404(ingest, redis, path):
    answer = ingest.post(BODY, path=path)
    assert answer.status == 404 and error(answer)
    assert redis.backlog() == 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405_with_allow(ingest, redis, method):
    answer = ingest.raw(wire.request(PATH, {}, b"", method))
    assert answer.status == 405 and answer.headers["allow"] == "POST"
    assert redis.backlog() == 0


def test_a_path_of_ones_own_replaces_the_defaults(stack):
    mine = stack.ingest(WEBHOOK_PATHS="/hooks/a /hooks/b")
    assert mine.post(BODY, path="/hooks/a").status == 200
    assert mine.post(BODY, path="/hooks/b").status == 200
    assert mine.post(BODY).status == 404


def test_a_body_over_the_limit_is_413_and_one_at_the_limit_passes(stack, redis):
    mine = stack.ingest(BODY_LIMIT=4096)
    fits = b'{"pad":"' + b"x" * (4096 - 10) + b'"}'
    assert len(fits) == 4096
    assert mine.post(fits).status == 200
    assert mine.post(fits + b" ").status == 413
    assert redis.backlog() == 1


def test_a_huge_announced_length_is_refused_before_the_body_comes(ingest, redis):
    answer = ingest.raw(wire.request(PATH, {}, b"", extra=["Content-Length: 99999999999"]))
    assert answer is None or answer.status in (400, 413)
    assert redis.backlog() == 0


@pytest.mark.parametrize("missing", ["svix-id", "svix-timestamp", "svix-signature"])
def test_each_missing_header_is_named_as_such(ingest, redis, missing):
    headers = signing.headers(BODY)
    del headers[missing]
    answer = ingest.post(BODY, headers)
    assert (answer.status, error(answer)) == (400, "Missing required webhook headers")
    assert redis.backlog() == 0


@pytest.mark.parametrize("name", ["svix-id", "svix-timestamp", "svix-signature"])
def test_an_empty_or_repeated_header_is_refused(ingest, redis, name):
    headers = signing.headers(BODY)
    assert ingest.post(BODY, {**headers, name: ""}).status == 400
    twice = wire.request(PATH, headers, BODY, extra=[f"{name.title()}: {headers[name]}", f"Content-Length: {len(BODY)}"])
    assert ingest.raw(twice).status == 400
    assert redis.backlog() == 0


def test_event_types_that_nobody_asked_for_are_answered_and_dropped(stack, redis):
    mine = stack.ingest(EVENT_TYPES="user.* organization*.created")
    wanted = ["user.created", "user.deleted", "organization.created", "organizationDomain.created"]
    unwanted = ["session.created", "organizationDomain.deleted", "email.created"]
    for name in wanted + unwanted:
        answer = mine.post(samples.BY_TYPE[name].body)
        assert (answer.status, json.loads(answer.body)) == (200, {"received": True})
    assert [f[b"type"].decode() for _, f in redis.client.xrange(STREAM)] == wanted
    assert mine.post(samples.BY_TYPE["session.created"].body, secret=signing.OTHER_SECRET).status == 400


def test_redis_away_is_503_with_retry_after_and_heals_by_itself(own_stack, own_redis):
    mine = own_stack.ingest()
    assert mine.post(BODY, svix_id="msg_before").status == 200
    own_redis.stop()
    answer = wait.until(lambda: (a := mine.post(BODY)) and a.status == 503 and a, 10, "a 503")
    assert error(answer) == "Queue unavailable" and int(answer.headers["retry-after"]) > 0
    wait.until(lambda: mine.get("/readyz")[0] == 503, 10, "not ready")
    assert mine.get("/livez")[0] == 200
    own_redis.start()
    wait.until(lambda: mine.post(BODY, svix_id="msg_after").status == 200, 10, "recovery")
    wait.until(lambda: mine.get("/readyz")[0] == 200, 10, "ready again")
    ids = {f[b"id"] for _, f in own_redis.client.xrange(STREAM)}
    assert ids == {b"msg_before", b"msg_after"}


def test_ingest_starts_without_redis_and_serves_once_it_is_there(own_stack, own_redis):
    own_redis.stop()
    mine = own_stack.ingest(ready=False)
    wait.until(lambda: mine.get("/livez")[0] == 200, 20, "alive without Redis")
    assert mine.post(BODY).status == 503
    own_redis.start()
    mine.wait_ready()
    assert mine.post(BODY).status == 200


def test_a_full_redis_is_503_and_keeps_what_it_has(own_stack, own_redis):
    mine = own_stack.ingest()
    assert mine.post(BODY).status == 200
    own_redis.client.config_set("maxmemory", "1mb")
    answer = wait.until(lambda: (a := mine.post(BODY)) and a.status == 503 and a, 10, "a 503")
    assert "retry-after" in answer.headers
    assert own_redis.backlog() >= 1
    own_redis.client.config_set("maxmemory", "0")
    wait.until(lambda: mine.post(BODY).status == 200, 10, "recovery")


def test_a_read_only_replica_is_503(own_stack, own_redis):
    mine = own_stack.ingest()
    own_redis.client.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert wait.until(lambda: (a := mine.post(BODY)) and a.status == 503 and a, 10, "a 503")
    own_redis.client.execute_command("REPLICAOF", "NO", "ONE")
    wait.until(lambda: mine.post(BODY).status == 200, 10, "recovery")


def test_a_stalled_redis_is_503_within_seconds(own_stack, own_redis):
    mine = own_stack.ingest()
    own_redis.process.signal(signal.SIGSTOP)
    try:
        answer = mine.post(BODY)
        assert answer.status == 503
    finally:
        own_redis.process.signal(signal.SIGCONT)
    wait.until(lambda: mine.post(BODY).status == 200, 10, "recovery")
