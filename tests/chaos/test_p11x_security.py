"""Secrets and payloads never leave by the wrong door: not in a log, not in a core file, not through a file's mode, whatever fails."""
import base64
import os
import signal
import stat
import time

import pytest

from bench import ioerror
from bench.settings import both_databases
from harness import samples, signing, wait
from harness.process import INGEST, WORKER, run
from harness.redis_server import STREAM

KEY = b"MARKERsecretMARKERsecretMARKER!!"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PASSWORD = "MARKERpassword"
PAYLOAD = "MARKERpayload"
EMAIL = "marker.person@marker.example"
MARKERS = [SECRET, SECRET[6:], KEY.decode(), PASSWORD, PAYLOAD, EMAIL]


def event(n, **more):
    address = {"id": "idn_1", "object": "email_address", "email_address": EMAIL, "verification": {"status": "verified"}}
    return samples.user(n, first_name=PAYLOAD, email_addresses=[address], primary_email_address_id="idn_1", **more)


def markers_in(text):
    return [m for m in MARKERS if m in text]


@pytest.fixture
def guarded_redis(redis):
    """Asks for a password."""
    redis.client.config_set("requirepass", PASSWORD)
    redis.client.execute_command("AUTH", PASSWORD)
    redis.client.connection_pool.connection_kwargs["password"] = PASSWORD
    return redis


@pytest.fixture
def url(guarded_redis):
    return f"redis://:{PASSWORD}@127.0.0.1:{guarded_redis.port}/0"


@pytest.fixture
def pair(stack, url):
    env = {"REDIS_URL": url, "LOG_LEVEL": "debug"}
    front = stack.ingest(CLERK_WEBHOOK_SIGNING_SECRET=SECRET, **env)
    return front, stack.worker(CLAIM_IDLE_MS=1000, **env)


def judge(*programs):
    for program in programs:
        found = markers_in(program.log())
        assert not found, f"{program.argv[0]} logged {found}"
        for path in ("/metrics", "/readyz", "/livez"):
            assert not markers_in(program.get(path)[1])


def test_no_answer_and_no_log_line_holds_a_secret_or_a_payload(stack, pair, redis):
    """Good, duplicate, forged, old, malformed and poisonous requests at the most talkative level."""
    front, back = pair
    good = event(1)
    headers = signing.headers(good, secret=SECRET)
    answers = [front.post(good, headers), front.post(good, headers)]
    answers += [front.post(event(2), secret=SECRET, timestamp=1), front.post(event(3), secret=signing.SECRET)]
    answers += [front.post(event(4), {**headers, "svix-id": PAYLOAD}), front.post(event(5), {})]
    answers += [front.post(good, headers, path="/" + PAYLOAD), front.post(b'{"' + PAYLOAD.encode(), secret=SECRET)]
    answers += [front.post(event(6, last_sign_in_at=PAYLOAD), secret=SECRET), front.raw(PAYLOAD.encode() + b"\r\n\r\n")]
    for answer in answers:
        assert answer is None or not markers_in(answer.body.decode() + str(answer.headers))
    redis.wait_drained()
    assert stack.database.count("dead_letters") == 2
    assert not markers_in(str(stack.database.rows("SELECT reason FROM dead_letters")))
    text = [p.log().replace(PAYLOAD, "") if p is front else p.log() for p in pair]  # a refused svix-id may be named
    assert not markers_in("".join(text))


TROUBLES = {
    "a wrong password": lambda r: (r.client.config_set("requirepass", "another"), r.client.client_kill_filter(_type="normal", skipme=True)),
    "a refused write": lambda r: r.client.config_set("min-replicas-to-write", 1),
    "a full Redis": lambda r: r.client.config_set("maxmemory", "1mb"),
    "a dead Redis": lambda r: r.process.kill(),
    "a frozen Redis": lambda r: r.process.signal(signal.SIGSTOP),
    "a stream of another kind": lambda r: (r.client.delete(STREAM), r.client.set(STREAM, PAYLOAD)),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_with_redis_spills_nothing(pair, redis, name):
    front, back = pair
    for n in range(20):
        front.post(event(n), secret=SECRET)
    TROUBLES[name](redis)
    for n in range(20, 40):
        front.post(event(n), secret=SECRET)
    wait.until(lambda: "event=queue_down" in front.log(), 10, "the trouble to show")
    until = time.monotonic() + 1
    wait.until(lambda: time.monotonic() > until, 5)
    judge(front, back)
    if name == "a frozen Redis":
        redis.process.signal(signal.SIGCONT)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_trouble_with_the_database_spills_nothing(stack, pair, url, tmp_path, error):
    front, back = pair
    back.stop()
    switch = ioerror.Switch(tmp_path)
    back = stack.worker(REDIS_URL=url, LOG_LEVEL="debug", **switch.env(error))
    switch.on()
    for n in range(20):
        front.post(event(n), secret=SECRET)
    back.wait_log("event=database_unavailable")
    switch.off()
    stack.redis.wait_drained()
    judge(front, back)


@both_databases
def test_a_database_that_refuses_an_event_is_quoted_without_the_event(stack, pair, redis):
    front, back = pair
    stack.database.refuse("users")
    front.post(event(1), secret=SECRET)
    wait.until(lambda: stack.database.count("dead_letters") == 1 or not back.alive(), 10, "the letter")
    judge(front, back)


BAD_SETTINGS = {
    "a secret that is none": {"CLERK_WEBHOOK_SIGNING_SECRET": SECRET + "!"},
    "a second secret that is none": {"CLERK_WEBHOOK_SIGNING_SECRET": f"{SECRET} {PAYLOAD}"},
    "an address that is none": {"CLERK_WEBHOOK_SIGNING_SECRET": SECRET, "REDIS_URL": f"redis://u:{PASSWORD}@h:port/0"},
    "an address of an unknown kind": {"CLERK_WEBHOOK_SIGNING_SECRET": SECRET, "REDIS_URL": f"http://u:{PASSWORD}@h/0"},
    "a limit out of range": {"CLERK_WEBHOOK_SIGNING_SECRET": SECRET, "REDIS_URL": f"redis://:{PASSWORD}@h/0", "BODY_LIMIT": "1"},
}


@pytest.mark.parametrize("env", BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_complaints_about_settings_show_no_secret(env):
    done = run([INGEST], env)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert not markers_in(done.stdout + done.stderr)


@pytest.mark.parametrize("program", [INGEST, WORKER], ids=["ingest", "worker"])
def test_check_masks_every_secret(program, url):
    done = run([program, "--check"], {"CLERK_WEBHOOK_SIGNING_SECRET": SECRET, "REDIS_URL": url,
                                      "DATABASE_URL": f"postgres://u:{PASSWORD}@h/d" if program == INGEST else "sqlite:x.db"})
    assert done.returncode == 0 and not markers_in(done.stdout + done.stderr)


def test_a_crash_leaves_no_core_file(pair):
    for program in pair:
        with open(f"/proc/{program.pid}/limits") as f:
            core = next(line for line in f if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core


def test_what_the_worker_writes_is_for_its_owner_alone(stack, pair, redis):
    front, _ = pair
    front.post(event(1), secret=SECRET)
    redis.wait_drained()
    files = [p for p in stack.database.path.parent.iterdir() if p.name.startswith(stack.database.path.name)]
    assert {p.name.removeprefix(stack.database.path.name) for p in files} >= {"", "-wal", "-shm", ".lock"}
    for file in files:
        assert stat.S_IMODE(os.stat(file).st_mode) & 0o077 == 0, file


def test_a_forged_signature_takes_as_long_wherever_it_differs(stack, redis):
    """A coarse look: a comparison byte by byte over the network would need far more; a sleep or an early parse would show."""
    front = stack.ingest()
    body = samples.user(1)

    def median_s(change):
        took = []
        for _ in range(60):
            headers = signing.headers(body)
            version, _, mac = headers["svix-signature"].partition(",")
            headers["svix-signature"] = version + "," + change(mac)
            start = time.monotonic()
            assert front.post(body, headers).status == 400
            took.append(time.monotonic() - start)
        return sorted(took)[len(took) // 2]
    first, last = median_s(lambda m: ("B" if m[0] == "A" else "A") + m[1:]), median_s(lambda m: m[:40] + "AAA=")
    assert max(first, last) < 10 * min(first, last) + 0.01
    assert redis.backlog() == 0
