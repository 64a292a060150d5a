"""The images (Debian 13, hiredis with TLS) against a Redis that speaks TLS alone and asks for a certificate."""
import json
import subprocess

import pytest

from harness import samples, signing, wait
from harness.certificates import Authority
from harness.compose import NEEDS_ENGINE, docker, post
from harness.process import ROOT, free_port

pytestmark = NEEDS_ENGINE
PROJECT = "clerksynctls"
TLS = ["REDIS_URL=rediss://redis:6379/0", "REDIS_TLS_CA_FILE=/certificates/authority.pem",
       "REDIS_TLS_CERT_FILE=/certificates/program.pem", "REDIS_TLS_KEY_FILE=/certificates/program.key"]
REDIS = ["redis-server", "--port", "0", "--tls-port", "6379", "--tls-auth-clients", "yes", "--appendonly", "yes", "--appendfsync",
         "always", "--tls-cert-file", "/certificates/redis.pem", "--tls-key-file", "/certificates/redis.key", "--tls-ca-cert-file",
         "/certificates/server-authority.pem"]


class Containers:
    def __init__(self, directory):
        self.dir = directory
        self.authority = Authority(directory, "authority")
        self.stranger = Authority(directory, "stranger")
        self.authority.issue("redis", "DNS:redis")
        self.authority.issue("program")
        (directory / "server-authority.pem").write_bytes(self.authority.pem.read_bytes())
        self.good = self.authority.pem.read_bytes()
        directory.chmod(0o755)
        for file in directory.iterdir():  # the containers' users are others than ours
            file.chmod(0o644)
        self.port = free_port()

    def start(self):
        for target in ("ingest", "worker"):
            docker("build", "-q", "-f", str(ROOT / "common/Dockerfile"), "--target", target, "-t", f"clerk-sync-{target}", str(ROOT),
                   timeout_s=500)
        docker("network", "create", PROJECT)
        self._run("redis", "redis:8", *REDIS)
        self._run("ingest", "clerk-sync-ingest", env=[f"CLERK_WEBHOOK_SIGNING_SECRET={signing.SECRET}", "INGEST_ADMIN_LISTEN="],
                  options=["-p", f"127.0.0.1:{self.port}:3000"])
        self._run("worker", "clerk-sync-worker", env=["DATABASE_URL=sqlite:/data/clerk.db"])
        return self

    def _run(self, name, image, *words, env=(), options=()):
        settings = [word for setting in [*TLS, *env] for word in ("-e", setting)]
        docker("run", "-d", "--name", f"{PROJECT}-{name}", "--network", PROJECT, "--network-alias", name, "-v",
               f"{self.dir}:/certificates:ro", *options, *settings, image, *words)

    def end(self):
        for name in ("ingest", "worker", "redis"):
            subprocess.run(["docker", "rm", "-fv", f"{PROJECT}-{name}"], capture_output=True, check=False)
        subprocess.run(["docker", "network", "rm", PROJECT], capture_output=True, check=False)

    def trust(self, certificates):
        """Both programs, from their next connection on; Redis goes on trusting the right ones."""
        self.authority.pem.write_bytes(certificates)

    def restart_programs(self):
        docker("restart", f"{PROJECT}-ingest", f"{PROJECT}-worker")

    def post(self, number):
        return post(self.port, samples.user(number), f"msg_{number}")

    def wait_applied(self, count):
        def state():
            found = json.loads(docker("exec", f"{PROJECT}-worker", "clerk-worker", "status", "--json"))
            return found["queue"], found["database"]["ledger_rows"]

        wait.until(lambda: state()[1] == count and state()[0]["length"] == 0, 60, f"{count} events to be applied")

    def log(self, name):
        done = subprocess.run(["docker", "logs", f"{PROJECT}-{name}"], capture_output=True, text=True, check=True)
        return (done.stdout + done.stderr).splitlines()

    def complaints(self):
        """What each program has said about certificates."""
        return {name: [line for line in self.log(name) if "certificate" in line] for name in ("ingest", "worker")}


@pytest.fixture(scope="module")
def containers(tmp_path_factory):
    made = Containers(tmp_path_factory.mktemp("certificates"))
    try:
        yield made.start()
    finally:
        made.end()


def test_events_flow_over_tls_with_certificates_on_both_sides(containers):
    wait.until(lambda: containers.post(0) == 200, 30, "ingest to accept")
    for number in range(1, 20):
        assert containers.post(number) == 200
    containers.wait_applied(20)
    assert containers.complaints() == {"ingest": [], "worker": []}


def test_programs_that_do_not_know_who_signed_refuse_with_one_line_each_and_go_on_when_cured(containers):
    containers.trust(containers.stranger.pem.read_bytes())
    containers.restart_programs()
    wait.until(lambda: all(containers.complaints().values()), 30, "both programs to complain")
    assert [containers.post(number) for number in (20, 21, 22)] == [503] * 3
    containers.trust(containers.good)
    wait.until(lambda: containers.post(23) == 200, 30, "ingest to accept again")
    containers.wait_applied(21)
    assert {name: len(lines) for name, lines in containers.complaints().items()} == {"ingest": 1, "worker": 1}
