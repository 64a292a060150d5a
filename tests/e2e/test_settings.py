"""Settings and commands: a wrong value is one line that names it, exit 2, before anything listens or is written."""
import socket

import pytest

from harness import samples, signing, wait
from harness.process import INGEST, WORKER, free_port, run
from harness.redis_server import STREAM

GOOD_INGEST = {"CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET}
HIDDEN = "c3VwZXJzZWNyZXQ"

INGEST_FAULTS = [
    ("CLERK_WEBHOOK_SIGNING_SECRET", ""), ("CLERK_WEBHOOK_SIGNING_SECRET", f"whsec_{HIDDEN}!"),
    ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_"), ("CLERK_WEBHOOK_SIGNING_SECRET", f"whsk_{HIDDEN}"),
    ("CLERK_WEBHOOK_SIGNING_SECRET", f"whsec_{HIDDEN}-_{HIDDEN}"),
    ("REDIS_URL", "http://localhost"), ("REDIS_URL", "redis://localhost:99999"), ("REDIS_URL", f"redis://:{HIDDEN}@host/notanumber"),
    ("INGEST_LISTEN", "nonsense"), ("INGEST_LISTEN", "127.0.0.1:0x10"), ("INGEST_LISTEN", "127.0.0.1:70000"), ("PORT", "70000"),
    ("PORT", "abc"), ("INGEST_ADMIN_LISTEN", "nonsense"), ("WEBHOOK_PATHS", "no-slash"), ("TOLERANCE_S", "-1"),
    ("TOLERANCE_S", "five"), ("BODY_LIMIT", "0"), ("BODY_LIMIT", "1 XiB"), ("MAX_CONNECTIONS", "0"),
    ("REQUEST_DEADLINE_MS", "1.5"), ("MAX_IN_FLIGHT", "0"), ("MAX_IN_FLIGHT", "99999999999999999999"), ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
]
WORKER_FAULTS = [
    ("REDIS_URL", "nonsense"), ("DATABASE_URL", "mysql://x"), ("DATABASE_URL", "sqlite:"), ("DATABASE_URL", "sqlite::memory:"),
    ("BATCH_SIZE", "0"), ("BATCH_SIZE", "many"), ("BATCH_SIZE", "1000000"), ("BLOCK_MS", "-5"), ("CLAIM_IDLE_MS", "0"),
    ("DELETE_MODE", "maybe"), ("DEDUPE_DAYS", "0"), ("WORKER_ADMIN_LISTEN", "nonsense"), ("LOG_LEVEL", "LOUD"),
    ("LOG_FORMAT", "text/plain"), ("WORKER_NAME", "x" * 500),
]


def refused(done, name):
    """Exit 2 and one line that names the variable but no secret."""
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert name in lines[0] and HIDDEN not in done.stderr + done.stdout
    return lines[0]


@pytest.mark.parametrize("name,value", INGEST_FAULTS, ids=[f"{n}={v[:24]}" for n, v in INGEST_FAULTS])
def test_ingest_refuses_a_wrong_value(name, value):
    refused(run([INGEST], {**GOOD_INGEST, name: value}), name)


@pytest.mark.parametrize("name,value", WORKER_FAULTS, ids=[f"{n}={v[:24]}" for n, v in WORKER_FAULTS])
def test_worker_refuses_a_wrong_value(tmp_path, name, value):
    env = {"DATABASE_URL": f"sqlite:{tmp_path}/clerk.db", name: value}
    refused(run([WORKER], env), name)
    assert list(tmp_path.iterdir()) == []


def test_a_value_and_its_file_together_are_an_error(tmp_path):
    path = tmp_path / "secret"
    path.write_text(signing.SECRET)
    refused(run([INGEST], {**GOOD_INGEST, "CLERK_WEBHOOK_SIGNING_SECRET_FILE": path}), "CLERK_WEBHOOK_SIGNING_SECRET")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    line = refused(run([INGEST], {"CLERK_WEBHOOK_SIGNING_SECRET_FILE": tmp_path / "none"}), "CLERK_WEBHOOK_SIGNING_SECRET_FILE")
    assert "none" in line or "No such file" in line


def test_every_setting_may_come_from_a_file(tmp_path):
    (tmp_path / "redis").write_text("redis://127.0.0.1:7777/3\n")
    (tmp_path / "secret").write_text(signing.SECRET + "\n")
    done = run([INGEST, "--check"], {"REDIS_URL_FILE": tmp_path / "redis", "CLERK_WEBHOOK_SIGNING_SECRET_FILE": tmp_path / "secret"})
    assert done.returncode == 0 and "REDIS_URL=redis://127.0.0.1:7777/3" in done.stdout


def test_check_prints_the_effective_settings_and_masks_secrets(tmp_path):
    redis_url = f"redis://me:{HIDDEN}@redis.internal:6380/2"
    ingest = run([INGEST, "--check"], {**GOOD_INGEST, "REDIS_URL": redis_url})
    worker = run([WORKER, "--check"], {"REDIS_URL": redis_url, "DATABASE_URL": f"sqlite:{tmp_path}/x.db"})
    for done in (ingest, worker):
        assert done.returncode == 0, done.stderr
        assert HIDDEN not in done.stdout and "redis.internal:6380/2" in done.stdout
        assert "STREAM_KEY=clerk:events" in done.stdout
    assert signing.SECRET not in ingest.stdout and "CLERK_WEBHOOK_SIGNING_SECRET=***" in ingest.stdout
    assert "TOLERANCE_S=300" in ingest.stdout and "BATCH_SIZE=500" in worker.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_refuses_what_a_start_would_refuse():
    refused(run([INGEST, "--check"], {}), "CLERK_WEBHOOK_SIGNING_SECRET")
    refused(run([WORKER, "--check"], {"BATCH_SIZE": "0"}), "BATCH_SIZE")


@pytest.mark.parametrize("program", [INGEST, WORKER], ids=["ingest", "worker"])
def test_help_and_version_need_no_settings(program):
    text = run([program, "--help"])
    assert text.returncode == 0 and "REDIS_URL" in text.stdout and text.stderr == ""
    version = run([program, "--version"])
    assert version.returncode == 0 and program.name in version.stdout and "0.1.0" in version.stdout


@pytest.mark.parametrize("program", [INGEST, WORKER], ids=["ingest", "worker"])
@pytest.mark.parametrize("word", ["--nonsense", "nonsense"])
def test_an_unknown_word_on_the_command_line_is_refused(program, word):
    done = run([program, word], GOOD_INGEST)
    assert done.returncode == 2 and word in done.stderr


def test_port_changes_the_port_alone(stack):
    port = free_port()
    mine = stack.ingest(INGEST_LISTEN="", PORT=port)
    mine.port = port
    assert mine.post(b"{}").status == 200


def test_a_port_that_another_program_holds_is_one_clear_line():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run([INGEST], {**GOOD_INGEST, "INGEST_LISTEN": f"127.0.0.1:{port}", "INGEST_ADMIN_LISTEN": ""})
    assert done.returncode not in (0, 99) and str(port) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_an_address_that_is_not_ours_is_one_clear_line():
    done = run([INGEST], {**GOOD_INGEST, "INGEST_LISTEN": "192.0.2.1:3000", "INGEST_ADMIN_LISTEN": ""})
    assert done.returncode not in (0, 99) and "192.0.2.1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_the_admin_endpoint_can_be_switched_off(stack):
    mine = stack.ingest(ready=False, INGEST_ADMIN_LISTEN="")
    def accepts():
        try:
            return mine.post(b"{}").status == 200
        except OSError:
            return False
    wait.until(accepts, 20, "ingest to accept")


def test_send_signs_samples_and_files_and_reports_each_answer(stack, redis, tmp_path):
    mine = stack.ingest()
    url = f"http://127.0.0.1:{mine.port}/api/webhooks"
    own = tmp_path / "own.json"
    own.write_text('{"type":"user.created","data":{"id":"user_own"},"timestamp":1790000000000}')
    done = run([INGEST, "send", "--url", url, "user.created", "organization.*", own], GOOD_INGEST)
    assert done.returncode == 0, done.stderr
    assert redis.backlog() == 1 + 3 + 1
    wrong = run([INGEST, "send", "--url", url, "user.created"], {"CLERK_WEBHOOK_SIGNING_SECRET": signing.OTHER_SECRET})
    assert wrong.returncode == 1 and redis.backlog() == 5


def test_send_all_sends_one_of_every_kind_in_causal_order(stack, redis):
    mine = stack.ingest()
    done = run([INGEST, "send", "--url", f"http://127.0.0.1:{mine.port}/api/webhooks", "--all"], GOOD_INGEST)
    assert done.returncode == 0, done.stderr
    assert [f[b"type"].decode() for _, f in redis.client.xrange(STREAM)] == [s.type for s in samples.ALL]


def test_send_override_changes_the_payload_before_it_is_signed(stack, redis):
    mine = stack.ingest()
    url = f"http://127.0.0.1:{mine.port}/api/webhooks"
    done = run([INGEST, "send", "--url", url, "--override", "data.first_name=Ada", "user.created"], GOOD_INGEST)
    assert done.returncode == 0, done.stderr
    [(_, fields)] = redis.client.xrange(STREAM)
    assert b'"first_name":"Ada"' in fields[b"body"]


def test_send_refuses_an_unknown_type():
    done = run([INGEST, "send", "user.exploded"], GOOD_INGEST)
    assert done.returncode == 2 and "user.exploded" in done.stderr
