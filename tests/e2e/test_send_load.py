"""`clerk-ingest send` as a load generator and as a witness: what it says it sent is what arrives."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

from harness import signing, wait
from harness.database import both_databases
from harness.process import INGEST, Process, clean_env, run
from harness.stack import PATH

SECRET = {"CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET}


def url(front):
    return f"http://127.0.0.1:{front.port}{PATH}"


def send(front, *words, code=0):
    done = run([INGEST, "send", "--url", url(front), *words], SECRET, timeout_s=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def read_ids(path):
    return [line.split(" ") for line in path.read_text().splitlines()]


def bodies(redis):
    return [json.loads(fields[b"body"]) for _, fields in redis.client.xrange("clerk:events")]


@both_databases
def test_everything_that_was_answered_200_is_in_the_ledger_once(stack, redis, tmp_path):
    front = stack.ingest()
    stack.worker()
    ids = tmp_path / "ids"
    done = send(front, "--concurrency", "8", "--count", "100", "--duplicate", "10%", "--shuffle", "--ids-out", ids, "user.*")
    assert done.stdout.startswith("sent 330, accepted 330, refused 0\nanswers: 200: 330, repeated 0\n")
    assert re.search(r"\nlatency: p50 [\d.]+ ms, p90 [\d.]+ ms, p99 [\d.]+ ms, max [\d.]+ ms\n$", done.stdout)
    lines = read_ids(ids)
    assert len(lines) == 330 and {status for _, status, _ in lines} == {"200"}
    redis.wait_drained()
    ledger = {row["svix_id"] for row in stack.database.rows("SELECT svix_id FROM webhook_events")}
    assert ledger == {svix_id for svix_id, _, _ in lines} and len(ledger) == 300
    assert stack.database.count("users") == 0 and stack.database.count("tombstones") >= 100  # each story ends in a delete


def test_shuffle_mixes_the_events_and_not_their_times(stack, redis):
    front = stack.ingest()
    send(front, "--shuffle", "--count", "30", "user.created", "user.updated")
    events = bodies(redis)
    assert len(events) == 60
    times = [e["timestamp"] for e in events]
    assert times != sorted(times)
    by_user = {}
    for e in events:
        by_user.setdefault(e["data"]["id"], {})[e["type"]] = e["timestamp"]
    assert len(by_user) == 30 and all(t["user.created"] < t["user.updated"] for t in by_user.values())


def test_rate_is_kept(stack, redis):
    front = stack.ingest()
    started = time.monotonic()
    done = send(front, "--rate", "50", "--count", "100", "user.created")
    took = time.monotonic() - started
    assert 1.9 < took < 6 and redis.backlog() == 100
    assert 30 < float(re.search(r"([\d.]+) per second", done.stdout)[1]) <= 51


def test_what_is_signed_wrongly_or_at_the_wrong_time_is_refused(stack, redis):
    front = stack.ingest()
    for words, text in ((["--bad-signature"], "Invalid signature"), (["--skew", "600"], "Timestamp outside tolerance"),
                        (["--skew", "-600"], "Timestamp outside tolerance")):
        assert text in send(front, *words, "user.created", code=1).stderr
    assert redis.backlog() == 0
    send(front, "--skew", "-200", "user.created")
    assert redis.backlog() == 1


@both_databases
def test_poison_becomes_dead_letters_and_holds_nothing_up(stack, redis, tmp_path):
    front = stack.ingest()
    stack.worker()
    ids = tmp_path / "ids"
    send(front, "--poison", "--ids-out", ids, "user.created", "organization.created", "session.created")
    send(front, "user.created", "user.updated")
    redis.wait_drained()
    dead = {row["svix_id"] for row in stack.database.rows("SELECT svix_id FROM dead_letters")}
    assert dead == {svix_id for svix_id, _, _ in read_ids(ids)} and len(dead) == 3
    assert all(svix_id.startswith("msg_poison_") for svix_id in dead)
    assert stack.database.count("users") == 1


def test_an_override_refers_to_the_user_before_it(stack, redis, tmp_path):
    front = stack.ingest()
    file = tmp_path / "membership.json"
    file.write_text('{"type":"organizationMembership.created","object":"event","timestamp":1790000000000,"data":{"id":"orgmem_1",'
                    '"organization":{"id":"${organization.id}"},"public_user_data":{"user_id":"${user.id}"}}}')
    send(front, "user.created", "organization.created", file, "--override", "data.note=by ${user.id}")
    user, organization, membership = bodies(redis)
    assert membership["data"]["public_user_data"]["user_id"] == user["data"]["id"]
    assert membership["data"]["organization"]["id"] == organization["data"]["id"]
    assert "note" not in user["data"] and organization["data"]["note"] == f"by {user['data']['id']}"


def test_retry_outlasts_an_outage_of_redis(own_stack, own_redis, tmp_path):
    front = own_stack.ingest()
    ids = tmp_path / "ids"
    process = Process([INGEST, "send", "--url", url(front), "--retry", "--rate", "100", "--count", "300", "--ids-out", ids,
                       "user.created"], SECRET, tmp_path / "send.log")
    wait.until(lambda: own_redis.backlog() > 20, 20, "some events")
    own_redis.stop()
    wait.until(lambda: 'code="503"} 0' not in front.get("/metrics")[1], 20, "a 503")
    own_redis.start()
    assert process.wait_exit(60) == 0, process.log()
    assert "sent 300, accepted 300, refused 0" in process.log()
    assert int(re.search(r"503: (\d+)", process.log())[1]) > 0 and int(re.search(r"repeated (\d+)", process.log())[1]) > 0
    stored = {fields[b"id"].decode() for _, fields in own_redis.client.xrange("clerk:events")}
    assert stored == {svix_id for svix_id, status, _ in read_ids(ids) if status == "200"} and len(stored) == 300


def test_an_interrupt_ends_a_run_with_its_summary(stack, redis, tmp_path):
    front = stack.ingest()
    ids = tmp_path / "ids"
    process = Process([INGEST, "send", "--url", url(front), "--rate", "100", "--count", "100000", "--ids-out", ids,
                       "user.created"], SECRET, tmp_path / "send.log")
    wait.until(lambda: redis.backlog() > 20, 20, "some events")
    process.signal(signal.SIGINT)
    assert process.wait_exit() == 1
    assert "ended before the last event" in process.log() and "latency: p50" in process.log()
    assert len(read_ids(ids)) == redis.backlog()


def test_memory_does_not_grow_with_the_run(stack, tmp_path):
    """Nobody answers: what waits for another try is bounded."""
    front = stack.ingest()
    address = url(front)
    front.stop()
    process = Process([INGEST, "send", "--url", address, "--retry", "--concurrency", "50", "--count", "1000000", "user.created"],
                      SECRET, tmp_path / "send.log")
    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1])
    pause = wait.Pause(4)
    wait.until(pause.is_over, 10, "some time")
    first = resident()
    pause = wait.Pause(3)
    wait.until(pause.is_over, 10, "some more time")
    assert resident() < first * 1.3
    process.signal(signal.SIGINT)
    process.wait_exit()
    assert "none: " in process.log()


def test_a_progress_bar_is_for_terminals_only(stack, redis):
    front = stack.ingest()
    words = [str(INGEST), "send", "--url", url(front), "--rate", "100", "--count", "100", "user.created"]
    assert send(front, *words[4:]).stderr == ""
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    child = subprocess.Popen(words, env=clean_env(SECRET), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    drawn = b""
    while True:
        try:
            piece = os.read(mine, 4096)
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            break
        drawn += piece
    out = child.communicate(timeout=20)[0].decode()
    os.close(mine)
    assert re.search(rb"\r\x1b\[K\[#+ *\] +\d+%  \d+ of 100  \d+/s  refused 0  p99 [\d.]+ ms", drawn), drawn
    assert drawn.endswith(b"\r\x1b[K") and out.startswith("sent 100, accepted 100, refused 0\n")
