"""Who may deliver: our own verification against the official libraries, rotation, and the tolerance's edges."""
import json
import os
import signal

import pytest

from harness import samples, signing, wait, wire
from harness.redis_server import STREAM
from harness.stack import PATH

BODY = samples.user(1)
official = pytest.mark.skipif(not signing.have_official_signers(), reason="npm ci --prefix tests/e2e/signers was not run")


@official
@pytest.mark.parametrize("library", ["svix", "standardwebhooks"])
def test_what_the_official_libraries_sign_is_accepted(ingest, redis, library):
    now = signing.now_s()
    texts = [s.body.decode() for s in samples.ALL] + ['{"success":true}', '{"name":"Zoë 🦊 \\u0000 </script>"}', " [1, 2]\n"]
    asked = [{"library": library, "secret": signing.SECRET, "id": f"msg_{library}{i}", "timestamp": now, "body": text}
             for i, text in enumerate(texts)]
    for request, line in zip(asked, signing.official_signatures(asked), strict=True):
        names = ("svix-id", "svix-timestamp", "svix-signature")
        headers = dict(zip(names, (request["id"], str(now), line), strict=True))
        body = request["body"].encode()
        assert ingest.post(body, headers).status == 200, request["id"]
        tampered = body[:-1] + bytes([body[-1] ^ 1])
        assert ingest.post(tampered, headers).status == 400, request["id"]
    assert redis.backlog() == len(texts)


def test_standard_webhooks_headers_are_accepted(ingest, redis):
    assert ingest.post(BODY, prefix="webhook").status == 200
    assert redis.backlog() == 1


def test_a_mix_of_both_header_sets_is_not_completed_from_the_other(ingest, redis):
    headers = signing.headers(BODY, prefix="webhook")
    headers["svix-id"] = headers.pop("webhook-id")
    answer = ingest.post(BODY, headers)
    assert answer.status == 400 and b"Missing required webhook headers" in answer.body


def test_svix_headers_win_where_both_sets_are_present(ingest):
    svix = signing.headers(BODY)
    bad = {k: v for k, v in signing.headers(BODY, prefix="webhook", secret=signing.OTHER_SECRET).items()}
    assert ingest.post(BODY, {**svix, **bad}).status == 200


def test_the_wrong_secret_is_refused(ingest, redis):
    answer = ingest.post(BODY, secret=signing.OTHER_SECRET)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "Invalid signature")
    assert redis.backlog() == 0


def entry():
    """id, timestamp and a valid entry for BODY."""
    svix_id, now = signing.new_id(), signing.now_s()
    return svix_id, now, signing.signature(BODY, svix_id, now)


LISTS = [("{good}", 200), ("v1,AAAA {good}", 200), ("{good} v1,AAAA", 200), ("v2,xyz v1a,abc {good}", 200), ("  {good}", 200),
         ("nocomma {good}", 200), ("v1 {good}", 200), ("v1, {good}", 200), ("v1,x " * 40 + "{good}", 200),
         ("v2,{bare}", 400), ("v1a,{bare}", 400), ("V1,{bare}", 400), ("{bare}", 400), ("v1={bare}", 400), ("v1,{bare}=", 400),
         ("v1,{short}", 400), ("{good},extra", 400), ("v1,", 400), (",", 400), ("v1,{lower}", 400)]


@pytest.mark.parametrize("text,status", LISTS, ids=[t[:24] for t, _ in LISTS])
def test_one_good_v1_entry_anywhere_in_the_list_decides(ingest, text, status):
    svix_id, now, good = entry()
    bare = good[3:]
    value = text.format(good=good, bare=bare, short=bare.rstrip("="), lower=bare.lower())
    answer = ingest.post(BODY, {"svix-id": svix_id, "svix-timestamp": now, "svix-signature": value})
    assert answer.status == status


@pytest.mark.parametrize("age_s,status", [(-290, 200), (290, 200), (-302, 400), (310, 400), (86400, 400), (-86400, 400)])
def test_the_tolerance_holds_both_ways(ingest, age_s, status):
    answer = ingest.post(BODY, timestamp=signing.now_s() - age_s)
    assert answer.status == status
    if status == 400:
        assert json.loads(answer.body)["error"] == "Timestamp outside tolerance"


def test_a_tolerance_of_ones_own_is_kept(stack):
    mine = stack.ingest(TOLERANCE_S=10)
    assert mine.post(BODY, timestamp=signing.now_s() - 5).status == 200
    assert mine.post(BODY, timestamp=signing.now_s() - 20).status == 400


@pytest.mark.parametrize("text", ["abc", "-1", "1e9", "0x10", "+{now}", "{now}.0", "{now}abc", "{now},{now}", "9" * 13, "9" * 40,
                                  "{now}000"])
def test_a_timestamp_that_is_no_plain_number_of_seconds_is_refused(ingest, redis, text):
    value = text.format(now=signing.now_s())
    assert ingest.post(BODY, signing.headers(BODY, timestamp=value)).status == 400
    assert redis.backlog() == 0


@pytest.mark.parametrize("svix_id", ["msg.dot", "msg id", "msg/x", "msg:1", "m" * 257, "msg\"", "mség"])
def test_an_id_outside_the_alphabet_is_refused(ingest, redis, svix_id):
    headers = signing.headers(BODY, svix_id="x")
    headers |= {"svix-id": svix_id, "svix-signature": signing.signature(BODY, svix_id, headers["svix-timestamp"])}
    assert ingest.post(BODY, headers).status == 400
    assert redis.backlog() == 0


def test_the_longest_id_passes(ingest):
    assert ingest.post(BODY, svix_id="m" * 256).status == 200


def test_a_dotted_recut_of_a_signed_text_is_refused(ingest, redis):
    """id.timestamp.body signed as "A.T.B" must not verify as another id with another body."""
    now = signing.now_s()
    inner = f"{now}.".encode() + BODY
    good = signing.signature(inner, "msg_a", now)
    assert ingest.post(BODY, {"svix-id": f"msg_a.{now}", "svix-timestamp": now, "svix-signature": good}).status == 400
    assert redis.backlog() == 0


@pytest.mark.parametrize("body", [b"", b"null", b"not json", b'{"a":"\xff\xfe"}', b"\xef\xbb\xbf{}", b"\0\0", b"[]",
                                  b'{"success": true}'])
def test_nothing_is_required_of_a_body_that_is_signed(ingest, redis, body):
    assert ingest.post(body).status == 200
    [(_, fields)] = redis.client.xrange(STREAM)
    assert fields[b"body"] == body and fields[b"type"] == b""


@pytest.mark.parametrize("separator", [" ", ",", ", ", "\n"])
def test_two_secrets_both_verify_during_a_rotation(stack, separator):
    mine = stack.ingest(CLERK_WEBHOOK_SIGNING_SECRET=f"{signing.SECRET}{separator}{signing.OTHER_SECRET}")
    assert mine.post(BODY, secret=signing.SECRET).status == 200
    assert mine.post(BODY, secret=signing.OTHER_SECRET).status == 200
    assert mine.post(BODY, secret="whsec_" + "A" * 32).status == 400


def test_the_alias_of_the_secret_is_read(stack):
    mine = stack.ingest(CLERK_WEBHOOK_SIGNING_SECRET="", CLERK_WEBHOOK_SECRET=signing.OTHER_SECRET)
    assert mine.post(BODY, secret=signing.OTHER_SECRET).status == 200


def test_sighup_takes_a_new_secret_without_refusing_anybody(stack, tmp_path):
    path = tmp_path / "secret"
    path.write_text(signing.SECRET + "\n")
    mine = stack.ingest(CLERK_WEBHOOK_SIGNING_SECRET="", CLERK_WEBHOOK_SIGNING_SECRET_FILE=path)
    assert mine.post(BODY).status == 200
    path.write_text(f"{signing.OTHER_SECRET} {signing.SECRET}\n")
    os.kill(mine.pid, signal.SIGHUP)
    wait.until(lambda: mine.post(BODY, secret=signing.OTHER_SECRET).status == 200, 10, "the new secret to count")
    assert mine.post(BODY).status == 200
    path.write_text(signing.OTHER_SECRET)
    os.kill(mine.pid, signal.SIGHUP)
    wait.until(lambda: mine.post(BODY).status == 400, 10, "the old secret to be forgotten")
    assert mine.post(BODY, secret=signing.OTHER_SECRET).status == 200


def test_sighup_with_a_broken_secret_keeps_the_old_one(stack, tmp_path):
    path = tmp_path / "secret"
    path.write_text(signing.SECRET)
    mine = stack.ingest(CLERK_WEBHOOK_SIGNING_SECRET="", CLERK_WEBHOOK_SIGNING_SECRET_FILE=path)
    before = len(mine.log().splitlines())
    path.write_text("whsec_!!!!")
    os.kill(mine.pid, signal.SIGHUP)
    wait.until(lambda: len(mine.log().splitlines()) > before, 10, "a line about the refusal")
    assert "!!!!" not in mine.log()
    assert mine.post(BODY).status == 200


def test_the_same_request_twice_is_answered_twice(ingest, redis):
    """Svix repeats a request byte for byte after a lost connection; dropping the double is the worker's work."""
    data = wire.request(PATH, signing.headers(BODY), BODY)
    assert [ingest.raw(data).status for _ in range(2)] == [200, 200]
    assert redis.backlog() == 2
