"""rediss://: nothing is said to a Redis whose certificate is not in order, and both programs go on once it is."""
import signal
import socket
import time

import pytest

from harness import samples, signing, wait
from harness.certificates import Authority
from harness.process import INGEST, WORKER, free_port, run
from harness.redis_server import RedisServer
from harness.stack import Stack

SETTINGS = {"CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET}


def check(program, **env):
    return run([program, "--check"], {**SETTINGS, **env})


HAS_TLS = check(INGEST, REDIS_URL="rediss://localhost").returncode == 0
needs_tls = pytest.mark.skipif(not HAS_TLS, reason="this build's hiredis has no TLS (Debian 12)")


@pytest.mark.skipif(HAS_TLS, reason="this build has TLS")
@pytest.mark.parametrize("program", [INGEST, WORKER])
def test_a_build_without_tls_says_so_and_leaves(program):
    done = check(program, REDIS_URL="rediss://u:hunter2@localhost")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "REDIS_URL: rediss:// is not possible" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("program", [INGEST, WORKER])
@pytest.mark.parametrize("setting", ["REDIS_TLS_CA_FILE", "REDIS_TLS_CERT_FILE", "REDIS_TLS_KEY_FILE"])
def test_certificates_for_a_plain_connection_are_refused(program, setting):
    done = check(program, REDIS_URL="redis://localhost", **{setting: "/etc/ssl/x.pem"})
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and f"{setting}: " in done.stderr


class TlsRedis(RedisServer):
    """Speaks TLS on tls_port; the test itself looks in through the plain port."""

    def __init__(self, directory):
        self.authority = Authority(directory, "authority")
        self.stranger = Authority(directory, "stranger")
        self.certificate, self.key = self.authority.issue("server", "DNS:localhost,IP:127.0.0.1")
        self.tls_port = free_port()
        super().__init__(directory, "--tls-port", str(self.tls_port), "--tls-cert-file", str(self.certificate), "--tls-key-file",
                         str(self.key), "--tls-ca-cert-file", str(self.authority.pem), "--tls-auth-clients", "no")

    @property
    def url(self):
        return self.url_for("localhost")

    def url_for(self, host):
        return f"rediss://{host}:{self.tls_port}/0"

    def show(self, certificate, key):
        """From now on, also to those who are connected already."""
        self.client.execute_command("CONFIG", "SET", "tls-cert-file", str(certificate), "tls-key-file", str(key))
        self.hang_up()

    def ask_for_certificates(self, wanted):
        self.client.config_set("tls-auth-clients", wanted)
        self.hang_up()

    def hang_up(self):
        for client in self.client.client_list():
            if client["laddr"].endswith(f":{self.tls_port}"):
                self.client.client_kill_filter(client["id"])


@pytest.fixture
def tls_redis(tmp_path):
    directory = tmp_path / "redis"
    directory.mkdir()
    server = TlsRedis(directory)
    yield server
    server.process.kill()


@pytest.fixture
def tls_stack(tls_redis, tmp_path):
    made = Stack(tls_redis, tmp_path)
    yield made
    made.finish()


def ca(server):
    return {"REDIS_TLS_CA_FILE": server.authority.pem}


@needs_tls
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_events_pass_through_tls(tls_stack, tls_redis, host):
    """Large ones, too: many records."""
    settings = {"REDIS_URL": tls_redis.url_for(host), **ca(tls_redis)}
    front = tls_stack.ingest(**settings)
    back = tls_stack.worker(**settings)
    front.deliver([(f"msg_{n}", samples.user(n, about="x" * (n % 7 * 60000))) for n in range(100)])
    tls_redis.wait_drained()
    assert tls_stack.database.count("users") == 100
    assert not [line for program in (front, back) for line in program.log().splitlines() if "level=warn" in line]


@needs_tls
def test_looking_at_the_queue_works_through_tls(tls_stack, tls_redis):
    tls_stack.ingest(**ca(tls_redis)).deliver([("msg_1", samples.user(1))])
    done = run([WORKER, "peek"], {"REDIS_URL": tls_redis.url, "DATABASE_URL": tls_stack.database.url, **ca(tls_redis)})
    assert done.returncode == 0 and "user.created" in done.stdout, done.stdout + done.stderr


def wrong_authority(redis):
    redis.show(*redis.stranger.issue("impostor"))


def expired(redis):
    redis.show(*redis.authority.issue("expired", end="20200102000000Z"))


def wrong_name(redis):
    redis.show(*redis.authority.issue("elsewhere", "DNS:elsewhere.test,IP:127.0.0.1"))


def no_client_certificate(redis):
    redis.ask_for_certificates("yes")


TROUBLES = {
    wrong_authority: "unable to get local issuer certificate",
    expired: "certificate has expired",
    wrong_name: "hostname mismatch",
    no_client_certificate: "asks for a client certificate",
}


@needs_tls
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda f: f.__name__)
def test_a_certificate_out_of_order_is_waited_out(tls_stack, tls_redis, trouble):
    front = tls_stack.ingest(**ca(tls_redis))
    back = tls_stack.worker(BLOCK_MS=500, **ca(tls_redis))
    front.deliver([("msg_before", samples.user(1))])
    trouble(tls_redis)
    wait.until(lambda: front.post(samples.user(2)).status == 503, 10, "503")
    front.wait_log("event=queue_down")
    back.wait_log("event=redis_unavailable")
    for program in (front, back):
        assert program.alive() and program.get("/livez")[0] == 200
    wait.until(lambda: TROUBLES[trouble] in front.get("/readyz")[1], 10, "the reason at ingest")
    for program in (front, back):
        wait.until(lambda program=program: TROUBLES[trouble] in program.log(), 10, "the reason in the log")
    tls_redis.show(tls_redis.certificate, tls_redis.key)
    tls_redis.ask_for_certificates("no")
    wait.until(lambda: front.post(samples.user(3), svix_id="msg_after").status == 200, 10, "200")
    wait.until(lambda: tls_stack.database.count("users") == 2, 20, "the worker to go on")
    for program, down, up in ((front, "event=queue_down", "event=queue_up"),
                              (back, "event=redis_unavailable", "event=redis_available")):
        program.wait_log(up)
        lines = [line for line in program.log().splitlines() if down in line]
        assert len(lines) == 1, program.log()[-3000:]


@needs_tls
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda f: f.__name__)
def test_the_log_says_what_is_wrong_with_a_certificate(tls_stack, tls_redis, trouble):
    trouble(tls_redis)
    front = tls_stack.ingest(ready=False, **ca(tls_redis))
    back = tls_stack.worker(ready=False, **ca(tls_redis))
    for program, down in ((front, "event=queue_down"), (back, "event=redis_unavailable")):
        program.wait_log(down)
        line = next(line for line in program.log().splitlines() if down in line)
        assert "TLS: " in line and TROUBLES[trouble] in line, line


@needs_tls
def test_a_client_certificate_opens_the_door(tls_stack, tls_redis):
    tls_redis.ask_for_certificates("yes")
    certificate, key = tls_redis.authority.issue("client", "")
    settings = {"REDIS_TLS_CERT_FILE": certificate, "REDIS_TLS_KEY_FILE": key, **ca(tls_redis)}
    front = tls_stack.ingest(**settings)
    tls_stack.worker(**settings)
    front.deliver([("msg_1", samples.user(1))])
    tls_redis.wait_drained()


@needs_tls
def test_a_renewed_authority_file_counts_without_a_restart(tls_stack, tls_redis, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_bytes(tls_redis.authority.pem.read_bytes())
    front = tls_stack.ingest(REDIS_TLS_CA_FILE=file)
    wrong_authority(tls_redis)
    wait.until(lambda: front.post(samples.user(1)).status == 503, 10, "503")
    file.write_bytes(tls_redis.stranger.pem.read_bytes())
    wait.until(lambda: front.post(samples.user(1)).status == 200, 10, "200")


@needs_tls
def test_old_protocols_are_refused(tls_stack, tls_redis):
    front = tls_stack.ingest(**ca(tls_redis))
    tls_redis.client.execute_command("CONFIG", "SET", "tls-protocols", "TLSv1.1", "tls-ciphers", "DEFAULT@SECLEVEL=0")
    tls_redis.hang_up()
    wait.until(lambda: front.post(samples.user(1)).status == 503, 10, "503")
    wait.until(lambda: "TLS: " in front.get("/readyz")[1], 10, "the reason")


@needs_tls
def test_there_is_no_way_back_to_plain_text(tls_stack, tls_redis):
    """A server that does not speak TLS hears neither the password nor a webhook."""
    url = f"rediss://:hunter2@127.0.0.1:{tls_redis.port}/0"
    front = tls_stack.ingest(ready=False, REDIS_URL=url, **ca(tls_redis))
    back = tls_stack.worker(ready=False, REDIS_URL=url, **ca(tls_redis))
    front.wait_log("event=queue_down")
    back.wait_log("event=redis_unavailable")
    assert front.post(samples.user(1)).status == 503
    stats = tls_redis.client.info("commandstats")
    assert not [name for name in stats if "auth" in name or "xadd" in name], stats
    assert "hunter2" not in front.log() + back.log()


@needs_tls
def test_a_silent_server_does_not_stop_the_loop(tls_stack, tls_redis):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        front = tls_stack.ingest(ready=False, REDIS_URL=f"rediss://127.0.0.1:{silent.getsockname()[1]}", **ca(tls_redis))
        wait.until(lambda: front.get("/livez")[0] == 200, 10, "ingest to listen")
        slowest, pause = 0, wait.Pause(5)
        while not pause.is_over():
            began = time.monotonic()
            assert front.post(samples.user(1)).status == 503
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1.0, f"an answer took {slowest:.2f} s"
    front.wait_log("event=queue_down")


@needs_tls
def test_a_worker_that_is_stopping_notices_that_the_server_has_gone(tls_stack, tls_redis):
    """Both get SIGTERM at once: the read that the signal interrupts ends with the connection."""
    back = tls_stack.worker(BLOCK_MS=10000, **ca(tls_redis))
    wait.until(lambda: any(c["cmd"] == "xreadgroup" for c in tls_redis.client.client_list()), 10, "the worker to wait")
    back.signal(signal.SIGTERM)
    pause = wait.Pause(0.2)
    wait.until(pause.is_over, 5, "the signal to arrive")
    tls_redis.process.kill()
    assert back.wait_exit(8) == 0


@needs_tls
@pytest.mark.parametrize("program", [INGEST, WORKER])
def test_half_a_client_certificate_and_unusable_files_are_refused(program, tmp_path):
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("client", "")
    _, other_key = authority.issue("other", "")
    for name, env in (("REDIS_TLS_CERT_FILE", {"REDIS_TLS_CERT_FILE": certificate}),
                      ("REDIS_TLS_KEY_FILE", {"REDIS_TLS_KEY_FILE": key}),
                      ("REDIS_TLS_CA_FILE", {"REDIS_TLS_CA_FILE": tmp_path / "none.pem"}),
                      ("REDIS_TLS_KEY_FILE", {"REDIS_TLS_CERT_FILE": certificate, "REDIS_TLS_KEY_FILE": other_key})):
        done = check(program, REDIS_URL="rediss://localhost", **env)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and f" {name}: " in done.stderr, done.stderr
    done = check(program, REDIS_URL="rediss://localhost", REDIS_TLS_CA_FILE=authority.pem)
    assert done.returncode == 0 and f"REDIS_TLS_CA_FILE={authority.pem}" in done.stdout
